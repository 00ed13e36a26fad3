/**
 * What a start of k3s is judged by: READY that comes an hour late, a reservation that leaves no room, a machine that
 * was reinstalled, a second server that fails before the first one's datastore is touched.
 *
 * @module
 */

import assert from "node:assert/strict";
import { delayReady, reset, tailscaleDown, tailscaleUp } from "../faults.ts";
import { isReady, nodes } from "../kubernetes.ts";
import { down, up } from "../lab.ts";
import { changedTasks, provision, runWithEvents } from "../run_events.ts";
import { ssh } from "../ssh.ts";
import type { Host } from "../state.ts";
import { initArgs, tool } from "../tool.ts";
import { waitFor } from "../wait.ts";

let hosts: Host[] = [];
const n1 = (): Host => hosts[0]!;

Deno.test.beforeAll(async () => {
  hosts = await up({ hosts: 3, readyDelay: 3600 });
  await tool(...initArgs(hosts));
});
Deno.test.afterAll(async () => {
  assert.deepEqual(await down(), []);
});

Deno.test("workers that tell systemd READY an hour late are done when the API says so", async () => {
  await provision();
  const found = await nodes(n1());
  for (const { name } of hosts) assert.ok(isReady(found.get(name)), name);
  const state = await ssh(hosts[1]!, "systemctl is-active k3s-agent || true");
  assert.equal(state.trim(), "activating");
  assert.deepEqual(changedTasks(await provision()), []);
});

Deno.test("a reservation that leaves nothing is refused with both figures, before anything is changed", async () => {
  await tool("config", "set", "reserved_memory", "10000Gi", "--scope", "n3");
  const run = await runWithEvents("provision", "--yes", "--limit", "n3");
  assert.equal(run.code, 1);
  assert.match(run.stderr, /reserved_memory is 10000Gi, but this machine has [\d.]+ GiB/i);
  assert.deepEqual(changedTasks(run), []);
  await tool("config", "unset", "reserved_memory", "--scope", "n3");
});

Deno.test("a kubelet that ends again and again is a failure, though its node was Ready", async () => {
  const broken = JSON.stringify(["no-such-flag=1"]);
  await tool("config", "set", "k3s_worker_kubelet_args", broken, "--type", "json", "--scope", "n3");
  const run = await runWithEvents("provision", "--yes", "--limit", "n3");
  assert.equal(run.code, 1, run.stderr);
  assert.match(run.stderr, /k3s-agent\.service ends again each time it is started/);
  await tool("config", "unset", "k3s_worker_kubelet_args", "--scope", "n3");
  await provision();
  assert.ok(isReady((await nodes(n1())).get("n3")));
});

Deno.test("a reinstalled machine is recognised, and replaced where that is asked for", async () => {
  await reset("n3");
  await waitFor(async () => !isReady((await nodes(n1())).get("n3")), {
    limit: 120,
    what: "the API to notice that n3 is gone",
  });
  const refused = await runWithEvents("provision", "--yes", "--limit", "n3");
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /reinstalled under its old name[^]*provision --replace n3/);
  const { seconds = 0 } =
    refused.events.find(({ task, status }) =>
      task === "Start the service" && status === "failed"
    ) as { readonly seconds?: number } | undefined ?? {};
  assert.ok(seconds < 60, `it took ${seconds} s`);
  await provision("--limit", "n3", "--replace", "n3");
  assert.ok(isReady((await nodes(n1())).get("n3")));
});

Deno.test("the only server keeps SQLite where the second one fails in the preflight", async () => {
  const database = "ls /var/lib/rancher/k3s/server/db/state.db";
  await tool("node", "remove", "n3", "--yes");
  await tool("node", "add", "n3", "--role", "control-plane", "--user", "lab");
  await tailscaleDown("n3");
  assert.equal((await runWithEvents("provision", "--yes")).code, 1);
  await ssh(n1(), database);
  await tailscaleUp("n3");
  const asked = await runWithEvents("provision", "--no-input");
  assert.equal(asked.code, 1);
  assert.match(asked.stderr, /n3 can join, and that cannot be undone[^]*provision --yes/);
  await ssh(n1(), database);
  await delayReady("n3", 0);
  const run = await provision();
  assert.match(run.stdout, /move from SQLite to etcd, which cannot be undone/);
  assert.ok(isReady((await nodes(n1())).get("n3")));
});
