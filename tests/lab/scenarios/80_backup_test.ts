/**
 * A cluster that is lost with all its disks comes back from one file: of one server with SQLite to two with etcd, and once
 * more on the same machines; a restore that is killed is gone on with.
 *
 * @module
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { powerOff, powerOn, reset } from "../hosts/faults.ts";
import { onHost } from "../hosts/on_host.ts";
import { exists, helloManifests, kubectl, nodes, waitUntilReady } from "../kubernetes.ts";
import { down, up } from "../lab.ts";
import { backupCopies } from "./backup/copies.ts";
import { changedTasks, provision, runWithEvents, signalAt } from "../run_events.ts";
import type { Host } from "../state.ts";
import { initArgs, projectDir, tool, tryTool } from "../tool.ts";
import { waitFor } from "../wait.ts";
import { backupSchedule } from "./backup/schedule.ts";

const NODE_PORT = 30080;
const passphrase = join(projectDir, "passphrase");
const OPEN = ["--passphrase-file", passphrase] as const;

let hosts: Host[] = [];
const n1 = (): Host => hosts[0]!;
const n2 = (): Host => hosts[1]!;
const n3 = (): Host => hosts[2]!;
let file = "";

Deno.test.beforeAll(async () => {
  hosts = await up({ hosts: 3 });
  await Deno.writeTextFile(passphrase, "correct horse\n");
  await tool(...initArgs([n1(), n3()]));
});
Deno.test.afterAll(async () => {
  assert.deepEqual(await down(), []);
});

Deno.test("a running cluster of 500 objects and an app is backed up in one file", async () => {
  await provision();
  const objects = Array.from({ length: 500 }, (_, i) => ({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: `object-${i}`, labels: { of: "backup" } },
    data: { value: crypto.randomUUID() },
  }));
  await kubectl(
    n1(),
    "create -f - >/dev/null",
    JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }),
  );
  await kubectl(n1(), "apply -f -", helloManifests("web", { replicas: 1, nodePort: NODE_PORT }));
  await appRuns(n1());
  file = (await tool("backup", "create", ...OPEN)).trim();
  assert.match(file, /-sqlite\.age$/);
});

backupCopies(n1);

Deno.test("a file that is cut off or changed, and a wrong passphrase, are refused before anything is touched", async () => {
  const whole = await Deno.readFile(file);
  const changed = whole.with(whole.length - 100, whole.at(-100)! ^ 1);
  const wrong = join(projectDir, "wrong");
  await Deno.writeTextFile(wrong, "wrong horse\n");
  for (
    const [content, secret] of [
      [whole.subarray(0, whole.length - 1000), passphrase],
      [changed, passphrase],
      [whole, wrong],
    ] as const
  ) {
    const bad = join(projectDir, "bad.age");
    await Deno.writeFile(bad, content);
    const run = await tryTool("backup", "restore", bad, "--passphrase-file", secret, "--yes");
    assert.equal(run.code, 1, run.stderr);
    assert.match(run.stderr, /damaged|cannot be decrypted/);
  }
  const check = await tryTool("backup", "restore", file, ...OPEN, "--check");
  assert.equal(check.code, 0, check.stderr);
  for (const host of [n1(), n3()]) {
    assert.equal(
      await onHost(host, "ls /var/lib/rancher/k3s/server 2>/dev/null | grep restore || true"),
      "",
    );
  }
  assert.ok(await exists(n1(), "configmap object-0"));
});

backupSchedule(n1);

let before = "";

Deno.test("with fresh disks, and a server more, the same objects come back from the file alone, though a first try is killed", async () => {
  before = await objectsOn(n1());
  for (const name of ["n1", "n3"]) await reset(name);
  await tool(...initArgs([n1(), { ...n2(), role: "control-plane" }, n3()]));
  const killed = await signalAt(
    "SIGKILL",
    ["backup", "restore", file, ...OPEN, "--yes"],
    ({ task }) => task === "Start the service",
  );
  assert.equal(killed.signal, "SIGKILL");
  const run = await runWithEvents("backup", "restore", file, ...OPEN, "--yes");
  assert.equal(run.code, 0, run.stderr);
  assert.equal(await objectsOn(n2()), before);
  await waitUntilReady(n1(), hosts);
  await appRuns(n1());
  const left = await onHost(n1(), "ls /var/lib/rancher/k3s/server/db /var/lib/rancher/k3s/server");
  assert.match(left, /state\.db\.migrated/);
  assert.doesNotMatch(left, /^restore/m);
});

Deno.test("a backup of etcd is restored to the other server of the same machines, and no server begins an empty cluster while that one is off", async () => {
  const etcd = (await tool("backup", "create", ...OPEN)).trim();
  assert.match(etcd, /-etcd\.age$/);
  const all = "/api/v1/namespaces/default/configmaps?labelSelector=of%3Dbackup";
  await kubectl(n1(), `delete --raw '${all}' >/dev/null`);
  await kubectl(n1(), "create configmap later");
  const restore = ["backup", "restore", etcd, ...OPEN, "--to", "n2", "--yes"];
  const stopped = new Set<string | undefined>();
  const killed = await signalAt("SIGKILL", restore, ({ type, task, host }) => {
    if (type === "result" && task === "Stop k3s") stopped.add(host);
    return stopped.size === hosts.length;
  });
  assert.equal(killed.signal, "SIGKILL");
  await powerOff("n2");
  const without = await runWithEvents("provision", "--yes");
  assert.equal(without.code, 1, without.stderr);
  assert.match(without.stderr, /n1[^]*control plane n2 failed/);
  assert.equal(await onHost(n1(), "ls -d /var/lib/rancher/k3s/server/db 2>/dev/null || true"), "");
  await powerOn("n2");
  const run = await runWithEvents(...restore);
  assert.equal(run.code, 0, run.stderr);
  assert.equal(await objectsOn(n1()), before);
  assert.ok(!await exists(n1(), "configmap later"));
  await waitUntilReady(n2(), hosts);
  await appRuns(n1());
  const servers = [...(await nodes(n1())).values()].filter(({ metadata }) =>
    "node-role.kubernetes.io/etcd" in metadata.labels
  );
  assert.equal(servers.length, 2);
  assert.deepEqual(changedTasks(await provision()), []);
});

/** The ConfigMaps, as the datastore has them: with the identity that they were created with. */
async function objectsOn(server: Host): Promise<string> {
  const columns = "custom-columns=:metadata.name,:metadata.uid,:data.value";
  const listed = await kubectl(server, `get configmaps -l of=backup --no-headers -o ${columns}`);
  assert.equal(listed.trim().split("\n").length, 500);
  return listed;
}

async function appRuns(server: Host): Promise<void> {
  await waitFor(
    async () => (await onHost(server, `curl -sfm 2 127.0.0.1:${NODE_PORT}/`)) !== "",
    { limit: 90, what: "the app to answer", interval: 500 },
  );
}
