/**
 * A machine that somebody sits at stays theirs while pods take what they can get.
 *
 * @module
 */

import assert from "node:assert/strict";
import { ssh, sshArgv } from "../../hosts/ssh.ts";
import { run } from "../../cli/command.ts";
import { helloManifests, kubectl, nodes } from "../../kubernetes.ts";
import { changedTasks, provision } from "../../run_events.ts";
import type { Host } from "../../state.ts";
import { tool } from "../../tool.ts";
import { waitFor } from "../../wait.ts";

/**
 * What a session gets done: rounds of a loop in as many processes as there are processors, by the CPU time that the whole machine
 * used meanwhile. Other load beside the lab takes from both alike, so it does not count.
 */
const LOOP = `
import os, sys, time
usage = lambda: int(open("/sys/fs/cgroup/cpuacct/cpuacct.usage").read())
def work(end, out):
    rounds = 0
    while time.monotonic() < end:
        for _ in range(2000): pass
        rounds += 1
    os.write(out, b"%d\\n" % rounds)
    os._exit(0)
read, write = os.pipe()
before, end = usage(), time.monotonic() + 2
for _ in range(os.cpu_count()):
    if os.fork() == 0: work(end, write)
os.close(write)
rounds = sum(map(int, os.fdopen(read)))
print(rounds / (usage() - before))
`;

/** The median of three measurements, in a session that a person has opened. */
async function speed(host: Host): Promise<number> {
  const measured: number[] = [];
  for (let i = 0; i < 3; i++) {
    measured.push(Number(await run(sshArgv(host, "python3 -", "lab"), { stdin: LOOP })));
  }
  return measured.sort((a, b) => a - b)[1]!;
}

/** A pod that keeps each processor of a host busy twice over, and says no word about limits. */
function hogs({ name }: Host, threads: number): string {
  const { items: [deployment] } = JSON.parse(helloManifests("hogs", { replicas: 1, nodePort: 0 }));
  const { spec } = deployment.spec.template;
  spec.nodeSelector = { "kubernetes.io/hostname": name };
  spec.containers[0].env.push({ name: "BURN", value: `${2 * threads}` });
  return JSON.stringify(deployment);
}

interface Container {
  readonly restartCount: number;
  readonly ready: boolean;
}

/** The hogs' container, once it is ready. */
function readyHogs(server: Host): Promise<Container> {
  return waitFor(async () => {
    const { items } = JSON.parse(await kubectl(server, "get pods -l app=hogs -o json"));
    const [container] = items.flatMap((
      { status }: { status: { containerStatuses?: Container[] } },
    ) => status.containerStatuses ?? []);
    return container?.ready === true && container as Container;
  }, { limit: 60, what: "the hogs to run", interval: 500 });
}

/** Cgroups of all processes of a host's pods. */
async function cgroupsOfPods(host: Host): Promise<string[]> {
  const found = await ssh(host, "cat /proc/[0-9]*/cgroup 2>/dev/null | grep :cpu: || true");
  return [...new Set(found.split("\n").filter((line) => line.includes("kubepods")))];
}

/** Declares the tests; they leave the lab's hosts as they were. */
export function sharedMachines(hosts: () => Host[]): void {
  Deno.test("P10 P11 a session keeps four fifths of its speed beside pods that take all they get", async (t) => {
    const [server, host] = hosts();
    assert.ok(server && host);
    const threads = Number(await ssh(host, "nproc"));
    const alone = [await speed(host)];
    await kubectl(server, "apply -f -", hogs(host, threads));
    await readyHogs(server);
    const without = await speed(host);
    assert.ok((await cgroupsOfPods(host)).every((group) => group.includes(":/kubepods.slice/")));

    await tool("config", "set", "profile", "workstation", "--scope", host.name);
    const { stderr } = await provision("--limit", host.name);
    assert.match(stderr, /restarts each pod of this node once/);
    // The kubelet has moved them, by itself.
    const moved = await waitFor(async () => {
      const groups = await cgroupsOfPods(host);
      return groups.length > 0 &&
        groups.every((group) => group.includes(":/k3s.slice/k3s-kubepods"));
    }, { limit: 60, what: "the pods to be below k3s.slice", interval: 500 });
    assert.ok(moved);
    assert.equal((await readyHogs(server)).restartCount, 1);
    const lowered = await speed(host);

    // What is reserved they cannot take either.
    const node = (await nodes(server)).get(host.name);
    assert.equal(Number(node?.status.allocatable["cpu"]), threads - 1);
    const group = "/sys/fs/cgroup/memory/k3s.slice/k3s-kubepods.slice/memory.limit_in_bytes";
    const capacity = parseInt(node?.status.capacity["memory"] ?? "");
    assert.equal(Number(await ssh(host, `cat ${group}`)), (capacity - 2 * 1024 ** 2) * 1024);

    await kubectl(server, "delete deployment hogs --wait");
    await waitFor(async () => (await cgroupsOfPods(host)).length === 0, {
      limit: 60,
      what: "the hogs to end",
      interval: 500,
    });
    alone.push(await speed(host));
    const kept = (measured: number) => measured / ((alone[0]! + alone[1]!) / 2);
    const percent = (measured: number) => `${Math.round(100 * kept(measured))} %`;
    const result = `it kept ${percent(lowered)} with profile: workstation, ${
      percent(without)
    } without`;
    await t.step(result, () => {
      assert.ok(kept(lowered) >= 0.8);
      assert.ok(kept(lowered) > kept(without) + 0.1);
    });
  });

  Deno.test("P17 P18 pods are where Kubernetes puts them again when the profile is gone", async () => {
    const [server, host] = hosts();
    assert.ok(server && host);
    assert.deepEqual(changedTasks(await provision("--limit", host.name)), []);
    await tool("config", "unset", "profile", "--scope", host.name);
    await provision("--limit", host.name);
    const unit = await ssh(
      host,
      "cat /etc/systemd/system/k3s-agent.service /etc/rancher/k3s/config.yaml",
    );
    assert.doesNotMatch(unit, /slice|cgroup/);
    assert.deepEqual(changedTasks(await provision("--limit", host.name)), []);
  });
}
