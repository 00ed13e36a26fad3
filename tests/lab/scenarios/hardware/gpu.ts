/**
 * A machine with a graphics card: pods that ask for it run there and nowhere else.
 *
 * @module
 */

import assert from "node:assert/strict";
import { GPU_PLUGIN_IMAGE, plugInCard, setDriver, takeOutCard } from "../../hosts/graphics_card.ts";
import { exists, kubectl, nodes } from "../../kubernetes.ts";
import { changedTasks, provision, runWithEvents } from "../../run_events.ts";
import { onHost, tryOnHost } from "../../hosts/on_host.ts";
import type { Host } from "../../state.ts";
import { tool, tryTool } from "../../tool.ts";
import { waitFor } from "../../wait.ts";

const RESOURCE = "nvidia.com/gpu";
const PLUGIN = "-n kube-system daemonset/k3s-tool-gpu";

/** A pod that asks for a card, or a share of one. */
function pod(name: string): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, labels: { app: "cuda" } },
    spec: {
      runtimeClassName: "nvidia",
      terminationGracePeriodSeconds: 1,
      containers: [{
        name: "cuda",
        image: "docker.io/lab/hello:1",
        imagePullPolicy: "Never",
        resources: { limits: { [RESOURCE]: 1 } },
      }],
    },
  });
}

/** Declares the scenario; the last of the machines gets the card. */
export function gpuScenarios(lab: () => readonly Host[]): void {
  const server = () => lab()[0]!;
  const desk = () => lab().at(-1)!;
  const offered = async (): Promise<Record<string, string | undefined>> =>
    Object.fromEntries(
      [...await nodes(server())].map(([name, { status }]) => [name, status.allocatable[RESOURCE]]),
    );
  const others = () => Object.fromEntries(lab().slice(0, -1).map(({ name }) => [name, undefined]));
  const pods = async (): Promise<readonly { name: string; phase: string; node: string }[]> => {
    const { items } = JSON.parse(await kubectl(server(), "get pods -l app=cuda -o json"));
    return items.map(
      ({ metadata, status, spec }: {
        metadata: { name: string };
        status: { phase: string };
        spec: { nodeName?: string };
      }) => ({ name: metadata.name, phase: status.phase, node: spec.nodeName ?? "" }),
    );
  };
  const label = async () =>
    (await nodes(server())).get(desk().name)?.metadata.labels["k3s-tool.io/gpu"];
  /** When k3s was started, and how often each pod that asks for a card was. */
  const starts = async () => ({
    k3s: await onHost(desk(), "systemctl show k3s-agent -p ExecMainStartTimestampMonotonic"),
    pods: await kubectl(
      server(),
      "get pods -l app=cuda -o jsonpath='{.items[*].status.containerStatuses[*].containerID}'",
    ),
  });

  Deno.test("P18 a machine with a card offers it to pods, and only that machine", async () => {
    await plugInCard(desk());
    await tool("config", "set", "gpu_support_plugin_image", GPU_PLUGIN_IMAGE);
    await tool("config", "set", "gpu_replicas", "2", "--scope", desk().name);
    await provision();
    assert.deepEqual(await offered(), { ...others(), [desk().name]: "2" });
    const config = "/var/lib/rancher/k3s/agent/etc/containerd/config.toml";
    assert.match(await onHost(desk(), `cat ${config}`), /runtimes\.["']nvidia["']/);
    assert.equal((await tryOnHost(server(), "test -e /var/lib/k3s-tool/gpu.json")).code, 1);
    assert.deepEqual(changedTasks(await provision()), []);
    // The lab's workstation has no fault of its own that counts here.
    const { stdout } = await tryTool("doctor", "--gpu", "-o", "json");
    const checks = JSON.parse(stdout).items.filter(({ host }: { host?: string }) =>
      host === desk().name
    );
    assert.deepEqual(
      checks.map(({ name, status }: { name: string; status: string }) => [name, status]).slice(-4),
      ["card", "driver", "toolkit", "node"].map((name) => [name, "ok"]),
    );
    assert.match(await tool("status", "-o", "wide"), / 0\/2 ×2 /);
  });

  Deno.test("pods that ask for a card run there, as many as share it", async () => {
    for (const name of ["one", "two", "three"]) await kubectl(server(), "apply -f -", pod(name));
    await waitFor(
      async () => (await pods()).filter(({ phase }) => phase === "Running").length === 2,
      { limit: 60, what: "two pods to run", interval: 500 },
    );
    const found = await pods();
    const running = found.filter(({ phase }) => phase === "Running");
    assert.deepEqual([...new Set(running.map(({ node }) => node))], [desk().name]);
    assert.equal(found.filter(({ phase, node }) => phase === "Pending" && node === "").length, 1);
    const environment = await onHost(
      desk(),
      "for p in $(pgrep -x hello); do tr '\\0' '\\n' </proc/$p/environ; done",
    );
    assert.equal(environment.match(/NVIDIA_VISIBLE_DEVICES=GPU-lab-1\n/g)?.length, 2);
  });

  Deno.test("other replicas restart the device plugin and nothing else", async () => {
    await kubectl(server(), "delete pod three --wait=true");
    const before = await starts();
    await tool("config", "set", "gpu_replicas", "3", "--scope", desk().name);
    await provision();
    assert.deepEqual(await offered(), { ...others(), [desk().name]: "3" });
    assert.deepEqual(await starts(), before);
  });

  Deno.test("a driver that was updated without a reboot is named, and nothing is taken away", async () => {
    await tool("config", "set", "gpu", "true", "--scope", desk().name);
    await setDriver(desk(), "mismatch");
    const run = await runWithEvents("provision", "--yes");
    assert.equal(run.code, 1);
    const said = run.events.filter(({ status }) => status === "failed").map((event) =>
      event.message
    );
    assert.match(said.join("\n"), /driver was updated, and the kernel still runs the older one/);
    assert.equal((await offered())[desk().name], "3");
    await setDriver(desk(), "works");
  });

  Deno.test("without the flag the resource goes, once no pod uses it", async () => {
    await tool("config", "set", "gpu", "false", "--scope", desk().name);
    const refused = await runWithEvents("provision", "--yes");
    assert.equal(refused.code, 1);
    const said = refused.events.map(({ message }) => message ?? "").join("\n");
    assert.match(said, /pods on n3 use the GPU: default\/one, default\/two/);
    await kubectl(server(), "delete pod one two --wait=true");
    await provision();
    await waitFor(async () => (await offered())[desk().name] === "0", {
      limit: 60,
      what: "the card to be gone from the node",
      interval: 500,
    });
    assert.ok(!await exists(server(), PLUGIN));
    assert.equal((await tryOnHost(desk(), "test -e /var/lib/k3s-tool/gpu.json")).code, 1);
    await onHost(desk(), "test -x /usr/local/bin/nvidia-container-runtime");
    assert.deepEqual(changedTasks(await provision()), []);
    for (const key of ["gpu", "gpu_replicas"]) {
      await tool("config", "unset", key, "--scope", desk().name);
    }
    await tool("config", "unset", "gpu_support_plugin_image");
    assert.equal(await label(), "nvidia");
    await takeOutCard(desk());
    await provision();
    assert.equal(await label(), undefined);
  });

  // The last of all: the machine does not come back.
  Deno.test("a node that is removed leaves nothing of its card in the cluster", async () => {
    await plugInCard(desk());
    await tool("config", "set", "gpu_support_plugin_image", GPU_PLUGIN_IMAGE);
    await provision();
    assert.equal((await offered())[desk().name], "1");
    await tool("node", "remove", desk().name, "--yes");
    for (const object of [PLUGIN, "-n kube-system configmap/k3s-tool-gpu"]) {
      assert.ok(!await exists(server(), object), object);
    }
  });
}
