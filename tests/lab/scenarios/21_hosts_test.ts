/**
 * What a host goes through: two runs at once, READY that comes an hour late, a kubelet that does not start, a new name,
 * a new disk, removal while it was off, another role, reset. The steps build on each other.
 *
 * @module
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { releasesFromEnvironment } from "../build/release.ts";
import { delayReady, moveAddress, reset, tailscaleDown, tailscaleUp } from "../hosts/faults.ts";
import { internalIp, isReady, kubectl, nodes } from "../kubernetes.ts";
import { down, up } from "../lab.ts";
import { network } from "../network/network.ts";
import { changedTasks, provision, runWithEvents } from "../run_events.ts";
import { onHost } from "../hosts/on_host.ts";
import type { Host } from "../state.ts";
import { openTool } from "../terminal.ts";
import { initArgs, inventoryFile, MIRROR_URL, projectDir, tool, tryTool } from "../tool.ts";
import { waitFor } from "../wait.ts";
import { execAtWorkstation } from "../hosts/workstation.ts";

let hosts: Host[] = [];
const n1 = (): Host => hosts[0]!;
const n2 = (): Host => hosts[1]!;
const n3 = (): Host => hosts[2]!;

Deno.test.beforeAll(async () => {
  hosts = await up({ hosts: 3, readyDelay: 3600 });
  await tool(...initArgs(hosts));
});
Deno.test.afterAll(async () => {
  assert.deepEqual(await down(), []);
});

Deno.test("of two runs from two inventories the later one is told of the other, before anything is done", async () => {
  const other = join(projectDir, "other.yml");
  await Deno.copyFile(inventoryFile, other);
  let isOver = false;
  const first = runWithEvents("provision", "--yes").finally(() => isOver = true);
  await waitFor(() => Promise.all(hosts.map(heldBy)).then((all) => all.every(Boolean)), {
    limit: 120,
    what: "the first run to lock all hosts",
  });
  const second = await runWithEvents("provision", "--yes", "-i", other, "--skip-kubeconfig");
  assert.equal(second.code, 1, second.stderr);
  const told = second.events.filter(({ message = "" }) =>
    /^Another run is changing this host: `k3s-tool provision` by .*hosts\.yml/.test(message)
  );
  assert.deepEqual(told.map(({ host }) => host).sort(), ["n1", "n2", "n3"], second.stderr);
  assert.deepEqual(changedTasks(second), []);
  assert.equal(isOver, false, "the second run was told when the first one was over");
  // A check takes no lock and heeds none; what it finds of a half-made cluster is another matter.
  const check = await tryTool("provision", "--check", "--limit", "n3", "-i", other);
  assert.doesNotMatch(check.stderr, /another run/i);
  const { code, stderr } = await first;
  assert.equal(code, 0, stderr);
  // Its end frees the hosts. Nothing is left to do on them; each inventory has a kubeconfig of its own.
  const third = await provision("-i", other, "--skip-kubeconfig");
  assert.deepEqual(changedTasks(third), ["n1: Write the kubeconfig on the workstation"]);
});

Deno.test("workers that tell systemd READY an hour late are done when the API says so", async () => {
  const found = await nodes(n1());
  for (const { name } of hosts) assert.ok(isReady(found.get(name)), name);
  // How late a real agent is, is up to the agent.
  if (releasesFromEnvironment().length > 0) return;
  const state = await onHost(n2(), "systemctl is-active k3s-agent || true");
  assert.equal(state.trim(), "activating");
});

Deno.test("a timer on the server reports a problem once, and that it is resolved, until it is removed", async () => {
  const posted: { title: string | null; text: string }[] = [];
  const abort = new AbortController();
  const receiver = Deno.serve(
    { hostname: network.address, port: 0, signal: abort.signal, onListen: () => {} },
    async (request) => {
      posted.push({ title: request.headers.get("Title"), text: await request.text() });
      return new Response();
    },
  );
  const urlFile = join(projectDir, "ntfy");
  const secret = `http://${network.address}:${receiver.addr.port}/topic-nobody-knows`;
  await Deno.writeTextFile(urlFile, `${secret}\n`);
  const install = ["notify", "install", "--url-file", urlFile, "--yes"];
  const installed = await runWithEvents(...install);
  assert.equal(installed.code, 0, installed.stderr);
  assert.doesNotMatch(installed.stdout + installed.stderr, /topic-nobody-knows/);
  assert.deepEqual(changedTasks(await runWithEvents(...install)), []);
  await tool("notify", "test");
  assert.deepEqual(posted.splice(0).map(({ title }) => title), ["lab: test"]);

  const stat = "stat -c %a:%U /etc/rancher/k3s/k3s-tool-notify.json";
  assert.equal((await onHost(n1(), stat)).trim(), "600:root");
  await onHost(n1(), "systemctl is-active k3s-tool-notify.timer");
  const check = () => onHost(n1(), "systemctl start k3s-tool-notify.service");
  await kubectl(n1(), "-n kube-system create deployment broken --image=none.invalid/none");
  for (let checks = 0; checks < 3; checks++) await check();
  assert.deepEqual(posted.splice(0), [
    { title: "lab: 1 new", text: "kube-system/broken: 0 of 1 pods are ready" },
  ]);
  await kubectl(n1(), "-n kube-system delete deployment broken");
  for (let checks = 0; checks < 3; checks++) await check();
  assert.deepEqual(posted.map(({ title }) => title), ["lab: 1 resolved"]);
  assert.doesNotMatch(await onHost(n1(), "journalctl -u k3s-tool-notify -q"), /topic-nobody-knows/);

  await tool("notify", "remove", "--yes");
  const left = "ls -d /etc/systemd/system/k3s-tool-notify* /usr/local/lib/k3s-tool/* " +
    "/etc/rancher/k3s/k3s-tool-notify.json /.kube 2>/dev/null || true";
  assert.equal(await onHost(n1(), left), "");
  abort.abort();
  await receiver.finished;
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
  assert.match(run.stderr, /k3s-agent\.service exits every time it starts/);
  await tool("config", "unset", "k3s_worker_kubelet_args", "--scope", "n3");
});

Deno.test("that host heals with the next run, and keeps labels of its group beside its own", async () => {
  await tool("config", "set", "node_labels.room", "cellar", "--scope", "workers");
  await tool("config", "set", "node_labels.disk", "ssd", "--scope", "n3");
  await provision();
  const node = (await nodes(n1())).get("n3");
  assert.ok(isReady(node));
  const { room, disk } = node!.metadata.labels;
  assert.deepEqual({ room, disk }, { room: "cellar", disk: "ssd" });
});

Deno.test("a host that was renamed is a new node, and the old one is deleted when the question is answered so", async () => {
  const inventory = await Deno.readTextFile(inventoryFile);
  await Deno.writeTextFile(inventoryFile, inventory.replace(/^( +)n2:$/m, "$1shed:"));
  await using screen = await openTool(["provision"], { columns: 120, rows: 40 });
  await screen.waitForScreen(/shed was renamed[^]*Delete the old node\?/, { limit: 180 });
  const both = await nodes(n1());
  assert.ok(isReady(both.get("shed")) && both.has("n2"));
  await screen.keys("y");
  assert.equal((await screen.waitForEnd({ limit: 120 })).code, 0);
  const left = await nodes(n1());
  assert.ok(isReady(left.get("shed")) && !left.has("n2"));
  // With the old node the others forget its flannel.1: the new one must not be the same.
  const device = (await onHost(n2(), "cat /sys/class/net/flannel.1/address")).trim();
  assert.match(device, /^[\da-f:]{17}$/);
  for (const host of [n1(), n3()]) {
    await waitFor(
      async () => (await onHost(host, "bridge fdb show dev flannel.1")).includes(device),
      { limit: 60, what: `${host.name} to know where the pods of shed are` },
    );
  }
  assert.deepEqual(changedTasks(await provision()), []);
});

Deno.test("a reinstalled machine is recognised, and replaced where that is asked for, from a directory of the workstation", async () => {
  await reset("n3");
  const again = ["--limit", "n3"];
  await tool("config", "set", "artifact_dir", "../artifacts");
  const absent = await runWithEvents("provision", "--yes", ...again);
  assert.equal(absent.code, 1);
  const command = /artifacts download --dir \S+ --k3s-version (v\S+) --arch (\w+)`/
    .exec(absent.stderr);
  assert.ok(command, absent.stderr);
  assert.deepEqual(changedTasks(absent), []);
  const [, version = "", arch = ""] = command;
  await tool("artifacts", "download", "--k3s-version", version, "--arch", arch);
  await withoutMirror(async () => {
    // n1 has that release, and no longer the published file.
    const corrupt = "cp -p k3s right && cp -p k3s wrong && echo >>wrong && mv wrong k3s";
    await onHost(n1(), `cd /usr/local/bin && ${corrupt}`);
    await tool("config", "set", "artifact_source", "peers");
    const refused = await runWithEvents("provision", "--yes", ...again);
    await tool("config", "unset", "artifact_source");
    await onHost(n1(), "mv /usr/local/bin/right /usr/local/bin/k3s");
    assert.equal(refused.code, 1);
    const notes = refused.events.filter(({ type }) => type === "note").map(({ message }) =>
      message
    );
    const wrong = /from n1 \(k3s: its checksum is not the published one[^]*the workstation/;
    assert.ok(notes.some((note) => wrong.test(note ?? "")), notes.join("\n"));
    assert.match(refused.stderr, /reinstalled under its old name[^]*provision --replace n3/);
    await provision(...again, "--replace", "n3");
  });
  assert.ok(isReady((await nodes(n1())).get("n3")));
  const published = await Deno.readTextFile(
    join(projectDir, "artifacts", version, `sha256sum-${arch}.txt`),
  );
  assert.equal(await onHost(n3(), "cat /etc/rancher/k3s/k3s-tool.sums"), published);
  const installed = await onHost(
    n3(),
    "sha256sum /usr/local/bin/k3s /var/lib/rancher/k3s/agent/images/k3s-airgap-images-*",
  );
  for (const line of installed.trim().split("\n")) {
    assert.ok(published.includes(line.split(" ")[0]!), line);
  }
  assert.equal(installed.trim().split("\n").length, 2, installed);
  await tool("config", "unset", "artifact_dir");
});

/** Does the work while hosts are told of a mirror where nothing answers. */
async function withoutMirror(work: () => Promise<unknown>): Promise<void> {
  await tool("config", "set", "k3s_binary_mirror_url", "http://127.0.0.1:9/k3s");
  try {
    await work();
  } finally {
    await tool("config", "set", "k3s_binary_mirror_url", MIRROR_URL);
  }
}

Deno.test("a worker that was removed while it was off does not come back by itself", async () => {
  await onHost(n3(), "systemctl stop k3s-agent");
  const removed = await tryTool("node", "remove", "n3", "--force", "--yes");
  assert.equal(removed.code, 0, removed.stderr);
  assert.match(removed.stderr, /The cluster refuses it from now on/);
  await onHost(n3(), "systemctl start --no-block k3s-agent");
  await waitFor(
    async () =>
      (await onHost(n3(), "journalctl -u k3s-agent -o cat")).includes("Node password rejected"),
    { limit: 90, what: "n3 to be refused" },
  );
  assert.ok(!(await nodes(n1())).has("n3"));
  await tool("node", "add", "n3", n3().tailscaleAddress, "--role", "worker", "--user", "lab");
  await provision();
  assert.ok(isReady((await nodes(n1())).get("n3")));
});

Deno.test("a worker, and then the only server, is followed to another address in the tailnet", async () => {
  const uids = "get pods -A -o jsonpath={.items[*].metadata.uid}";
  const before = (await kubectl(n1(), uids)).split(" ").sort();
  await moveAddress(n3(), "100.64.0.43");
  const worker = await tryTool("node", "set-ip", "n3", "--yes");
  assert.equal(worker.code, 0, worker.stderr);
  await moveAddress(n1(), "100.64.0.41");
  const server = await tryTool("node", "set-ip", "n1", "100.64.0.41", "--yes");
  assert.equal(server.code, 0, server.stderr);
  const found = await nodes(n1());
  for (const [name, host] of [["n1", n1()], ["shed", n2()], ["n3", n3()]] as const) {
    assert.ok(isReady(found.get(name)), name);
    assert.equal(internalIp(found.get(name)), host.tailscaleAddress);
  }
  assert.match(
    await onHost(n2(), "cat /etc/rancher/k3s/config.yaml"),
    /https:\/\/100\.64\.0\.41:6443/,
  );
  assert.match(await execAtWorkstation(["kubectl", "get", "nodes"]), /n1 +Ready/);
  assert.deepEqual((await kubectl(n1(), uids)).split(" ").sort(), before);
  assert.deepEqual(changedTasks(await provision()), []);
});

Deno.test("the only server keeps SQLite where the second one fails in the preflight", async () => {
  const database = "ls /var/lib/rancher/k3s/server/db/state.db";
  await tool("node", "remove", "n3", "--yes");
  await tool("node", "add", "n3", "--role", "control-plane", "--user", "lab");
  await tailscaleDown("n3");
  assert.equal((await runWithEvents("provision", "--yes")).code, 1);
  await onHost(n1(), database);
  await tailscaleUp("n3");
  const asked = await runWithEvents("provision", "--no-input");
  assert.equal(asked.code, 1);
  assert.match(asked.stderr, /before n3 can join; this cannot be undone[^]*provision --yes/);
  await onHost(n1(), database);
  await delayReady("n3", 0);
  const run = await provision();
  assert.match(run.stdout, /move from SQLite to etcd, which cannot be undone/);
  assert.ok(isReady((await nodes(n1())).get("n3")));
});

Deno.test("reset stops at a mount of somebody else, and leaves no rule of Kubernetes", async () => {
  await onHost(
    n2(),
    "mkdir -p /srv/photos /var/lib/kubelet/photos && touch /srv/photos/1.jpg && " +
      "mount --bind /srv/photos /var/lib/kubelet/photos",
  );
  const refused = await tryTool("reset", "--limit", "shed", "--yes");
  assert.equal(refused.code, 1, refused.stderr);
  assert.match(refused.stderr, /\/var\/lib\/kubelet\/photos/);
  const kept = await onHost(n2(), "ls /srv/photos; systemctl is-active k3s-agent || true");
  assert.match(kept, /^1\.jpg\n(active|activating)\n$/);
  await onHost(n2(), "umount /var/lib/kubelet/photos");
  const done = await tryTool("reset", "--yes");
  assert.equal(done.code, 0, done.stderr);
  for (const each of hosts) {
    const left = await onHost(
      each,
      "iptables-save | grep -E 'KUBE|FLANNEL|CNI-' || true; ipset list -name 2>/dev/null | grep -i kube || true",
    );
    assert.equal(left, "", each.name);
    assert.match(await onHost(each, "iptables-save"), /ts-input/);
  }
  assert.equal((await onHost(n2(), "ls /srv/photos")).trim(), "1.jpg");
});

/** Whether a run of the first inventory has locked a host. */
async function heldBy(host: Host): Promise<boolean> {
  const lock = await onHost(host, "cat /run/k3s-tool.lock 2>/dev/null || true");
  return /"inventory": "[^"]*hosts\.yml"/.test(lock);
}
