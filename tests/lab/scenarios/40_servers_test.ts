/**
 * Several servers: they join one after another, the cluster outlives one of them, is upgraded without an outage, gets
 * other certificates, tokens and keys, and one server can be replaced and become a worker.
 *
 * @module
 */

import assert from "node:assert/strict";
import { moveAddress, powerOff, powerOn } from "../hosts/faults.ts";
import { join } from "node:path";
import {
  helloManifests,
  internalIp,
  isReady,
  kubectl,
  nodes,
  waitUntilReady,
} from "../kubernetes.ts";
import { down, up } from "../lab.ts";
import { downloadsOf, nobodyServes } from "../network/downloads.ts";
import { watchRequests } from "../network/request_watch.ts";
import { changedTasks, provision, type RunEvent, runWithEvents, signalAt } from "../run_events.ts";
import type { Host } from "../state.ts";
import { openTool } from "../terminal.ts";
import { initArgs, inventoryFile, projectDir, tool, tryTool, VERSIONS } from "../tool.ts";
import { waitFor } from "../wait.ts";
import { rotation } from "./servers/rotation.ts";

let hosts: Host[] = [];
const n1 = (): Host => hosts[0]!;
const n2 = (): Host => hosts[1]!;
/** Those the cluster begins with; n5 comes while the first server is off. */
const members = (): Host[] => hosts.slice(0, 4);

Deno.test.beforeAll(async () => {
  hosts = await up({ hosts: 5, servers: 3 });
  await tool(...initArgs(members(), { version: VERSIONS.older }));
  await tool("config", "set", "secrets_encryption", "true");
});
Deno.test.afterAll(async () => {
  assert.deepEqual(await down(), []);
});

Deno.test("three servers and a worker become one cluster, and stay as they are", async () => {
  await tool("config", "set", "artifact_source", "peers");
  const downloads = await downloadsOf(VERSIONS.older, members());
  await provision();
  assert.deepEqual(
    await downloadsOf(VERSIONS.older, members()),
    [...downloads, "n1 k3s", "n1 k3s-airgap-images"],
    "once for four hosts",
  );
  await nobodyServes(members());
  await tool("config", "unset", "artifact_source");
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
    new RegExp(`does not answer; ${n2().tailscaleAddress}:6443 is used`),
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
});

Deno.test("an upgrade that is killed, interrupted and stopped by a broken node is finished by the next one, and no request is lost", async () => {
  if (VERSIONS.older === VERSIONS.newer) return; // of a single real release
  const [n3, n4, n5] = hosts.slice(2) as [Host, Host, Host];
  // As long as kube-proxies of five nodes may take on two processors to learn that a pod goes.
  const app = { replicas: 2, nodePort: 30080, preStopSeconds: 8 };
  await kubectl(n1(), "apply -f -", helloManifests("hello", app));
  await kubectl(n1(), "create poddisruptionbudget hello --selector=app=hello --min-available=1");
  await kubectl(n1(), "rollout status deployment/hello --timeout=90s");
  // Together about 10 a second.
  const requests = await Promise.all(
    [n4, n5].map((host) => watchRequests(host, "http://127.0.0.1:30080/")),
  );
  const upgrade = ["upgrade", "--yes"];
  const drained = (name: string) => ({ type, play, host }: RunEvent) =>
    type === "result" && play === "Drain" && host === name;

  const killed = await signalAt("SIGKILL", [...upgrade, "--to", VERSIONS.newer], drained("n2"));
  assert.equal(killed.signal, "SIGKILL");
  assert.deepEqual(await versions(), { n1: VERSIONS.newer });
  assert.deepEqual(await cordoned(), ["n2"]);
  await kubectl(n1(), "cordon n5"); // this one is the owner's

  const interrupted = await signalAt("SIGINT", upgrade, drained("n3"));
  assert.deepEqual([interrupted.sent, interrupted.code], [true, 130]);
  assert.deepEqual(await cordoned(), ["n5"]);
  await kubectl(n1(), "uncordon n5");

  const broken = JSON.stringify(["no-such-flag=1"]);
  await tool("config", "set", "k3s_worker_kubelet_args", broken, "--type", "json", "--scope", "n4");
  const stopped = await runWithEvents(...upgrade);
  assert.equal(stopped.code, 1, stopped.stderr);
  assert.match(stopped.stderr, /n4[^]*k3s-agent\.service exits every time it starts/);
  assert.deepEqual(stopped.events.filter(drained("n5")), []);
  const { n5: last, ...rest } = await versions();
  assert.equal(last, undefined);
  assert.deepEqual([rest.n1, rest.n2, rest.n3], Array(3).fill(VERSIONS.newer));
  assert.ok(stopped.stdout.includes(`Versions now: n1 ${VERSIONS.newer}`), stopped.stdout);
  assert.deepEqual(await cordoned(), []);

  await tool("config", "unset", "k3s_worker_kubelet_args", "--scope", "n4");
  const finished = await runWithEvents(...upgrade);
  assert.equal(finished.code, 0, finished.stderr);
  assert.deepEqual(Object.keys(await versions()), hosts.map(({ name }) => name));
  assert.deepEqual(await cordoned(), []);
  const seen = await Promise.all(requests.map((each) => each.stop()));
  assert.deepEqual(seen.flatMap(({ missed }) => missed), []);
  assert.ok(seen.every(({ answered }) => answered > 300), JSON.stringify(seen));
  await waitUntilReady(n1(), [n3, n4, n5]);
  await tool("node", "remove", "n5", "--yes");
});

rotation(members);

Deno.test("a server that has another address in the tailnet leaves etcd and joins it again", async () => {
  const n3 = hosts[2]!;
  await moveAddress(n3, "100.64.0.43");
  const moved = await tryTool("node", "set-ip", "n3", "--yes");
  assert.equal(moved.code, 0, moved.stderr);
  const node = (await nodes(n1())).get("n3");
  assert.ok(isReady(node));
  assert.equal(internalIp(node), "100.64.0.43");
  assert.deepEqual(changedTasks(await provision()), []);
});

Deno.test("another machine takes the place of a server that died", async () => {
  await powerOff("n3");
  const run = await runWithEvents("node", "replace", "n3", "n5", "--force", "--yes");
  assert.equal(run.code, 0, run.stderr);
  const found = await nodes(n1());
  assert.deepEqual([...found.keys()].sort(), ["n1", "n2", "n4", "n5"]);
  assert.ok(isReady(found.get("n5")) && isServer(found.get("n5")?.metadata.labels));
  assert.doesNotMatch(await Deno.readTextFile(inventoryFile), /\bn3\b/);
});

Deno.test("a server becomes a worker, and its etcd member is removed", async () => {
  const only = await tryTool("node", "set-role", "n4", "worker", "--yes");
  assert.equal(only.code, 2, only.stderr);
  const run = await runWithEvents("node", "set-role", "n5", "worker", "--yes");
  assert.equal(run.code, 0, run.stderr);
  const found = await nodes(n1());
  assert.ok(isReady(found.get("n5")) && !isServer(found.get("n5")?.metadata.labels));
  // A member left behind would cost the majority as soon as one more server is off.
  await waitUntilReady(n1(), hosts.filter(({ name }) => name !== "n3"));
  assert.deepEqual(changedTasks(await provision()), []);
});

/** Nodes that run the newer version. */
async function versions(): Promise<Record<string, string>> {
  const found = [...await nodes(n1())].map(([name, { status }]) =>
    [name, status.nodeInfo.kubeletVersion] as const
  );
  const newer = found.filter(([, version]) => version === VERSIONS.newer);
  return Object.fromEntries(newer.sort(([a], [b]) => a.localeCompare(b)));
}

async function cordoned(): Promise<string[]> {
  const found = [...await nodes(n1())].filter(([, { spec }]) => spec.unschedulable);
  return found.map(([name]) => name).sort();
}

function isServer(labels: Readonly<Record<string, string>> = {}): boolean {
  return labels["node-role.kubernetes.io/control-plane"] === "true";
}
