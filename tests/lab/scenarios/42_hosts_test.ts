/**
 * What is done to hosts is done by one run at a time, and touches nobody else's things.
 *
 * @module
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { down, up } from "../lab.ts";
import { kubectl, nodes, waitUntilReady } from "../kubernetes.ts";
import { provision } from "../run_events.ts";
import { ssh } from "../ssh.ts";
import type { Host } from "../state.ts";
import { initArgs, inventoryFile, projectDir, tool, tryTool } from "../tool.ts";
import { waitFor } from "../wait.ts";

let hosts: Host[] = [];
const n1 = (): Host => hosts[0]!;
const n3 = (): Host => hosts[2]!;

Deno.test.beforeAll(async () => {
  hosts = await up({ hosts: 3 });
  await tool(...initArgs(hosts));
});
Deno.test.afterAll(async () => {
  assert.deepEqual(await down(), []);
});

Deno.test("of two runs from two inventories one is told of the other within seconds", async () => {
  const other = join(projectDir, "other.yml");
  await Deno.copyFile(inventoryFile, other);
  const first = tryTool("provision", "--yes", "--skip-kubeconfig");
  await waitFor(
    async () => (await ssh(n3(), "cat /run/k3s-tool.lock 2>/dev/null || true")) !== "",
    {
      limit: 120,
      what: "the first run to lock n3",
    },
  );
  const began = Date.now();
  const second = await tryTool("provision", "--yes", "-i", other, "--skip-kubeconfig");
  const seconds = (Date.now() - began) / 1000;
  assert.equal(second.code, 1, second.stderr);
  assert.match(
    second.stderr,
    /[Aa]nother run is changing this host: `k3s-tool provision` by .*hosts\.yml/,
  );
  assert.ok(seconds < 60, `told after ${seconds} s`);
  assert.equal((await tryTool("provision", "--check", "-i", other)).code, 0);
  const { code, stderr } = await first;
  assert.equal(code, 0, stderr);
  // Its end freed the hosts.
  assert.equal((await tryTool("provision", "--yes", "-i", other, "--skip-kubeconfig")).code, 0);
});

Deno.test("labels of the group stay on a host that has one of its own", async () => {
  await tool("config", "set", "node_labels.room", "cellar", "--scope", "workers");
  await tool("config", "set", "node_labels.disk", "ssd", "--scope", "n3");
  await provision();
  const labels = await kubectl(n1(), "get node n3 -o jsonpath={.metadata.labels}");
  const { room, disk } = JSON.parse(labels);
  assert.deepEqual({ room, disk }, { room: "cellar", disk: "ssd" });
});

Deno.test("a worker that was removed while it was off does not come back by itself", async () => {
  await ssh(n3(), "systemctl stop k3s-agent");
  const removed = await tryTool("node", "remove", "n3", "--force", "--yes");
  assert.equal(removed.code, 0, removed.stderr);
  assert.match(removed.stderr, /The cluster refuses it from now on/);
  await ssh(n3(), "systemctl start --no-block k3s-agent");
  await waitFor(
    async () =>
      (await ssh(n3(), "journalctl -u k3s-agent -o cat")).includes("Node password rejected"),
    { limit: 90, what: "n3 to be refused" },
  );
  assert.ok(!(await nodes(n1())).has("n3"));
  await ssh(n3(), "systemctl stop k3s-agent");
  await tool("node", "add", "n3", n3().tailscaleAddress, "--role", "worker", "--user", "lab");
  await provision();
  await waitUntilReady(n1(), hosts);
});

Deno.test("reset stops at a mount of somebody else, and leaves no rule of Kubernetes", async () => {
  const photos = "mkdir -p /srv/photos /var/lib/kubelet/photos && touch /srv/photos/1.jpg && " +
    "mount --bind /srv/photos /var/lib/kubelet/photos";
  await ssh(n3(), photos);
  const refused = await tryTool("reset", "--limit", "n3", "--yes");
  assert.equal(refused.code, 1, refused.stderr);
  assert.match(refused.stderr, /\/var\/lib\/kubelet\/photos/);
  assert.equal(
    (await ssh(n3(), "ls /srv/photos; systemctl is-active k3s-agent")).trim(),
    "1.jpg\nactive",
  );
  await ssh(n3(), "umount /var/lib/kubelet/photos");
  const done = await tryTool("reset", "--yes");
  assert.equal(done.code, 0, done.stderr);
  for (const each of hosts) {
    const left = await ssh(
      each,
      "iptables-save | grep -E 'KUBE|FLANNEL|CNI-' || true; ipset list -name 2>/dev/null | grep -i kube || true",
    );
    assert.equal(left, "", each.name);
    assert.match(await ssh(each, "iptables-save"), /ts-input/);
  }
  assert.equal((await ssh(n3(), "ls /srv/photos")).trim(), "1.jpg");
});
