/**
 * Several servers: they join one after another, the cluster outlives one of them, and one can be removed.
 *
 * @module
 */

import assert from "node:assert/strict";
import { powerOff, powerOn } from "../hosts/faults.ts";
import { join } from "node:path";
import { internalIp, isReady, nodes, waitUntilReady } from "../kubernetes.ts";
import { down, up } from "../lab.ts";
import { changedTasks, provision, runWithEvents } from "../run_events.ts";
import type { Host } from "../state.ts";
import { openTool } from "../terminal.ts";
import { initArgs, projectDir, tool, tryTool } from "../tool.ts";
import { waitFor } from "../wait.ts";

let hosts: Host[] = [];
const n1 = (): Host => hosts[0]!;
const n2 = (): Host => hosts[1]!;
/** Those the cluster begins with; n5 comes while the first server is off. */
const members = (): Host[] => hosts.slice(0, 4);

Deno.test.beforeAll(async () => {
  hosts = await up({ hosts: 5, servers: 3 });
  await tool(...initArgs(members()));
});
Deno.test.afterAll(async () => {
  assert.deepEqual(await down(), []);
});

Deno.test("three servers and a worker become one cluster, and stay as they are", async () => {
  await provision();
  const found = await nodes(n1());
  for (const { name, role, tailscaleAddress } of members()) {
    const node = found.get(name);
    assert.ok(isReady(node), name);
    assert.equal(internalIp(node), tailscaleAddress);
    assert.equal(isServer(node?.metadata.labels), role === "control-plane", name);
  }
  assert.deepEqual(changedTasks(await provision()), []);
});

Deno.test("the API answers while one server is off", async () => {
  await powerOff("n3");
  assert.ok((await nodes(n1())).has("n3"));
  await powerOn("n3");
  await waitUntilReady(n1(), members());
});

Deno.test("R13 with the first server off the tool works through another one, and nothing is done to members", async () => {
  const kubeconfig = join(projectDir, ".kube", "config");
  assert.match(await Deno.readTextFile(kubeconfig), new RegExp(`${n1().tailscaleAddress}:6443`));
  await powerOff("n1");
  // Where it led etcd, the others elect first, and k3s on them may restart meanwhile.
  await waitFor(() => nodes(n2()), { limit: 180, what: "the API on n2", interval: 1000 });
  const status = await tryTool("status");
  assert.equal(status.code, 0, status.stderr);
  assert.match(status.stdout, /^n2 .*Ready/m);
  assert.match(
    status.stderr,
    new RegExp(`does not answer; ${n2().tailscaleAddress}:6443 is asked`),
  );
  const screen = await openTool(["tui"], { columns: 120, rows: 40 });
  await screen.waitForScreen(/● live[^]*n2 .*Ready/);
  await screen.keys("q");
  await screen.close();

  const { name, tailscaleAddress } = hosts[4]!;
  await tool("node", "add", name, tailscaleAddress, "--role", "worker", "--no-input");
  // One host alone, and then all of them: n1 is the only one that fails.
  await provision("--limit", name);
  assert.ok(isReady((await nodes(n2())).get(name)));
  const all = await runWithEvents("provision", "--yes");
  assert.equal(all.code, 1, all.stderr);
  const failed = all.events.filter(({ status }) => status === "failed" || status === "unreachable");
  assert.deepEqual([...new Set(failed.map(({ host }) => host))], ["n1"]);
  assert.deepEqual(changedTasks(all), ["n2: Write the kubeconfig on the workstation"]);
  assert.match(await Deno.readTextFile(kubeconfig), new RegExp(`${n2().tailscaleAddress}:6443`));

  await powerOn("n1");
  await waitUntilReady(n2(), hosts);
  assert.deepEqual(changedTasks(await provision()), []);
  await tool("node", "remove", name, "--yes");
});

Deno.test("a server is removed with its etcd member", async () => {
  const run = await runWithEvents("node", "remove", "n3", "--yes");
  assert.equal(run.code, 0, run.stderr);
  const found = await nodes(n1());
  assert.deepEqual([...found.keys()].sort(), ["n1", "n2", "n4"]);
  // A member left behind would cost the majority as soon as one more server is off.
  await waitUntilReady(n1(), members().filter(({ name }) => name !== "n3"));
});

function isServer(labels: Readonly<Record<string, string>> = {}): boolean {
  return labels["node-role.kubernetes.io/control-plane"] === "true";
}
