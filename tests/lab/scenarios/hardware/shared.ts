/**
 * A machine that somebody sits at stays theirs while pods take what they can get.
 *
 * @module
 */

import assert from "node:assert/strict";
import { onHost } from "../../hosts/on_host.ts";
import { sshArgv } from "../../hosts/ssh.ts";
import { run } from "../../cli/command.ts";
import { exists, helloManifests, kubectl, nodes } from "../../kubernetes.ts";
import { changedTasks, provision } from "../../run_events.ts";
import type { Host } from "../../state.ts";
import { tool } from "../../tool.ts";
import { waitFor } from "../../wait.ts";

/**
 * What a session gets done beside hogs, of what it gets done alone: rounds of a loop in as many processes as there are processors, by
 * the CPU time that the whole machine used meanwhile; so what else goes on beside the lab takes from both alike. The hogs are held
 * and let go in turn, and the median of the ratios counts.
 */
const LOOP = `
import os, statistics, subprocess, time
def usage(): return int(open("/sys/fs/cgroup/cpuacct/cpuacct.usage").read())
def work(end, out):
    rounds = 0
    while time.monotonic() < end:
        for _ in range(2000): pass
        rounds += 1
    os.write(out, b"%d\\n" % rounds)
    os._exit(0)
def speed():
    read, write = os.pipe()
    before, end = usage(), time.monotonic() + 1
    for _ in range(os.cpu_count()):
        if os.fork() == 0: work(end, write)
    os.close(write)
    rounds = sum(map(int, os.fdopen(read)))
    for _ in range(os.cpu_count()): os.wait()
    return rounds / (usage() - before)
def hogs(how):
    pids = subprocess.run(["pgrep", "-x", "hello"], check=True, capture_output=True, text=True).stdout.split()
    subprocess.run(["sudo", "kill", how, *pids], check=True)
ratios = []
for _ in range(5):
    hogs("-STOP")
    alone = speed()
    hogs("-CONT")
    ratios.append(speed() / alone)
print(statistics.median(ratios))
`;

/** The speed that a session keeps that a person has opened on a host. */
async function kept(host: Host): Promise<number> {
  return Number(await run(sshArgv(host, "python3 -", "lab"), { stdin: LOOP }));
}

/** A pod that keeps each processor of a host busy twice over, and says no word about limits. */
function hogs({ name }: Host, threads: number): string {
  const { items: [deployment] } = JSON.parse(helloManifests("hogs", { replicas: 1, nodePort: 0 }));
  const { spec } = deployment.spec.template;
  spec.nodeSelector = { "kubernetes.io/hostname": name };
  spec.containers[0].env.push({ name: "BURN", value: `${2 * threads}` });
  return JSON.stringify(deployment);
}

const PROTECTED = "k3s-tool.io/protected";
const POLICY = "k3s-tool-default-limits";

/** A pod of the hello server. */
function pod(name: string, spec: object, resources?: object): string {
  const container = { name, image: "docker.io/lab/hello:1", imagePullPolicy: "Never", resources };
  const metadata = { name };
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Pod",
    metadata,
    spec: { ...spec, containers: [container] },
  });
}

interface Pod {
  readonly spec: {
    readonly nodeName?: string;
    readonly priority: number;
    readonly containers: readonly { readonly resources: unknown }[];
  };
  readonly status: {
    readonly phase: string;
    readonly conditions?: readonly { readonly reason?: string; readonly message: string }[];
  };
}

async function readPod(server: Host, name: string): Promise<Pod> {
  return JSON.parse(await kubectl(server, `get pod ${name} -o json`));
}

interface Container {
  readonly restartCount: number;
  readonly ready: boolean;
}

/** Waits until the hogs' container is ready, and was started again so many times. */
function readyHogs(server: Host, { restarts }: { readonly restarts: number }): Promise<true> {
  return waitFor(async () => {
    const { items } = JSON.parse(await kubectl(server, "get pods -l app=hogs -o json"));
    const [container] = items.flatMap((
      { status }: { status: { containerStatuses?: Container[] } },
    ) => status.containerStatuses ?? []);
    return container?.ready === true && container.restartCount === restarts;
  }, { what: `the hogs to run, started again ${restarts} times`, interval: 500 });
}

/** Cgroups of all processes of a host's pods. */
async function cgroupsOfPods(host: Host): Promise<string[]> {
  const found = await onHost(host, "cat /proc/[0-9]*/cgroup 2>/dev/null | grep :cpu: || true");
  return [...new Set(found.split("\n").filter((line) => line.includes("kubepods")))];
}

/** Declares the tests; they leave the lab's hosts as they were. */
export function sharedMachines(hosts: () => Host[]): void {
  Deno.test("P10 P11 a session keeps four fifths of its speed beside pods that take all they get", async (t) => {
    const [server, host] = hosts();
    assert.ok(server && host);
    const threads = Number(await onHost(host, "nproc"));
    await kubectl(server, "apply -f -", hogs(host, threads));
    await readyHogs(server, { restarts: 0 });
    const without = await kept(host);
    assert.ok((await cgroupsOfPods(host)).every((group) => group.includes(":/kubepods.slice/")));

    await tool("config", "set", "profile", "workstation", "--scope", host.name);
    await tool("config", "set", "protect", "true", "--scope", host.name);
    await tool("config", "set", "default_limits.memory", "512Mi");
    const { stderr } = await provision();
    assert.match(stderr, /restarts each pod of this node once/);
    // The kubelet has moved them, by itself.
    const moved = await waitFor(async () => {
      const groups = await cgroupsOfPods(host);
      return groups.length > 0 &&
        groups.every((group) => group.includes(":/k3s.slice/k3s-kubepods"));
    }, { limit: 60, what: "the pods to be below k3s.slice", interval: 500 });
    assert.ok(moved);
    await readyHogs(server, { restarts: 1 });
    const lowered = await kept(host);

    // What is reserved they cannot take either.
    const node = (await nodes(server)).get(host.name);
    assert.equal(Number(node?.status.allocatable["cpu"]), threads - 1);
    const group = "/sys/fs/cgroup/memory/k3s.slice/k3s-kubepods.slice/memory.limit_in_bytes";
    const capacity = parseInt(node?.status.capacity["memory"] ?? "");
    assert.equal(Number(await onHost(host, `cat ${group}`)), (capacity - 2 * 1024 ** 2) * 1024);

    await kubectl(server, "delete deployment hogs --wait");
    await waitFor(async () => (await cgroupsOfPods(host)).length === 0, {
      limit: 60,
      what: "the hogs to end",
      interval: 500,
    });
    const percent = (part: number) => `${Math.round(100 * part)} %`;
    const result = `it kept ${percent(lowered)} with profile: workstation, ${
      percent(without)
    } without`;
    await t.step(result, () => {
      assert.ok(lowered >= 0.8);
      assert.ok(lowered > without + 0.1);
    });
  });

  Deno.test("P12 a protected node takes pods that ask for it, and no others", async () => {
    const [server, host] = hosts();
    assert.ok(server && host);
    const node = (await nodes(server)).get(host.name);
    assert.equal(node?.metadata.labels[PROTECTED], "true");
    assert.deepEqual(node?.spec.taints, [{ key: PROTECTED, value: "true", effect: "NoSchedule" }]);
    const tried = "create --dry-run=server -o json -f -";
    await waitFor(async () => {
      const { spec }: Pod = JSON.parse(await kubectl(server, tried, pod("tried", {})));
      return JSON.stringify(spec.containers[0]?.resources).includes("512Mi");
    }, { limit: 60, what: "pods to get the cluster's limits", interval: 500 });
    const tolerations = [{ key: PROTECTED, operator: "Exists", effect: "NoSchedule" }];
    await kubectl(
      server,
      "apply -f -",
      pod("asks", { nodeSelector: { [PROTECTED]: "true" }, tolerations }),
    );
    const name = { "kubernetes.io/hostname": host.name };
    await kubectl(server, "apply -f -", pod("does-not", { nodeSelector: name }));
    await waitFor(async () => {
      const { spec, status } = await readPod(server, "asks");
      return spec.nodeName === host.name && status.phase === "Running";
    }, { limit: 60, what: "the pod that asks to run", interval: 500 });
    const refused = await waitFor(async () => {
      const { status } = await readPod(server, "does-not");
      return status.conditions?.find(({ reason }) => reason === "Unschedulable");
    }, { limit: 60, what: "the pod that does not ask to be left out", interval: 500 });
    assert.match(refused.message, /untolerated taint/);
  });

  Deno.test("containers without limits get the cluster's, and pods the priority they ask for", async () => {
    const [server] = hosts();
    assert.ok(server);
    const classes = JSON.parse(await kubectl(server, "get priorityclasses -o json")).items
      .map((
        { metadata, value }: { metadata: { name: string }; value: number },
      ) => [metadata.name, value])
      .filter(([name]: [string]) => name.startsWith("home-"));
    assert.deepEqual(Object.fromEntries(classes), {
      "home-background": -1_000_000,
      "home-critical": 1_000_000,
      "home-normal": 0,
    });
    const resources = { requests: { memory: "20Mi" } };
    await kubectl(
      server,
      "apply -f -",
      pod("owns", { priorityClassName: "home-critical" }, resources),
    );
    const own = await readPod(server, "owns"), none = await readPod(server, "asks");
    assert.deepEqual([own.spec.priority, none.spec.priority], [1_000_000, 0]);
    assert.deepEqual(own.spec.containers[0]?.resources, resources);
    const limited = { limits: { memory: "512Mi" }, requests: { memory: "0" } };
    assert.deepEqual(none.spec.containers[0]?.resources, limited);
    await kubectl(server, "delete pod owns asks does-not --wait=false");
  });

  Deno.test("P12 P17 P18 a host is what it was when the settings are gone", async () => {
    const [server, host] = hosts();
    assert.ok(server && host);
    assert.deepEqual(changedTasks(await provision()), []);
    for (const key of ["profile", "protect"]) {
      await tool("config", "unset", key, "--scope", host.name);
    }
    await tool("config", "unset", "default_limits");
    await provision();
    const files = "/etc/systemd/system/k3s-agent.service /etc/rancher/k3s/config.yaml";
    assert.doesNotMatch(await onHost(host, `cat ${files}`), /slice|cgroup/);
    const node = (await nodes(server)).get(host.name);
    assert.deepEqual([node?.metadata.labels[PROTECTED], node?.spec.taints], [undefined, undefined]);
    await waitFor(async () => !await exists(server, `mutatingadmissionpolicy ${POLICY}`), {
      limit: 60,
      what: "the policy to be deleted",
      interval: 500,
    });
    assert.deepEqual(changedTasks(await provision("--limit", host.name)), []);
  });
}
