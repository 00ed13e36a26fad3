/**
 * Several servers: they join one after another, the cluster outlives one of them, and one can be removed.
 *
 * @module
 */

import assert from "node:assert/strict";
import { powerOff, powerOn } from "../faults.ts";
import { internalIp, isReady, nodes, waitUntilReady } from "../kubernetes.ts";
import { down, up } from "../lab.ts";
import { changedTasks, provision, runWithEvents } from "../run_events.ts";
import type { Host } from "../state.ts";
import { initArgs, tool } from "../tool.ts";

let hosts: Host[] = [];
const n1 = (): Host => hosts[0]!;

Deno.test.beforeAll(async () => {
  hosts = await up({ hosts: 4, servers: 3 });
  await tool(...initArgs(hosts));
});
Deno.test.afterAll(async () => {
  assert.deepEqual(await down(), []);
});

Deno.test("three servers and a worker become one cluster, and stay as they are", async () => {
  await provision();
  const found = await nodes(n1());
  for (const { name, role, tailscaleAddress } of hosts) {
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
  await waitUntilReady(n1(), hosts);
});

Deno.test("a server is removed with its etcd member", async () => {
  const run = await runWithEvents("node", "remove", "n3", "--yes");
  assert.equal(run.code, 0, run.stderr);
  const found = await nodes(n1());
  assert.deepEqual([...found.keys()].sort(), ["n1", "n2", "n4"]);
  // A member left behind would cost the majority as soon as one more server is off.
  await waitUntilReady(n1(), hosts.filter(({ name }) => name !== "n3"));
});

function isServer(labels: Readonly<Record<string, string>> = {}): boolean {
  return labels["node-role.kubernetes.io/control-plane"] === "true";
}
