/**
 * The main job: from hosts on a tailnet to a cluster, a second run, another host, changed settings,
 * a new version, reboots, a host removed. The steps build on each other.
 *
 * @module
 */

import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { reboot } from "../hosts/faults.ts";
import { down, up } from "../lab.ts";
import {
  exists,
  helloManifests,
  internalIp,
  isReady,
  kubectl,
  nodes,
  waitUntilReady,
} from "../kubernetes.ts";
import { downloadsOf, nobodyServes } from "../network/downloads.ts";
import { watchRequests } from "../network/request_watch.ts";
import { changedTasks, provision, runWithEvents } from "../run_events.ts";
import { findSecrets, sampleProcesses } from "../secret_search.ts";
import { onHost } from "../hosts/on_host.ts";
import type { Host } from "../state.ts";
import { initArgs, inventoryFile, tool, tryTool, VERSIONS } from "../tool.ts";
import { waitFor } from "../wait.ts";

let hosts: Host[] = [];
const host = (name: string): Host => {
  const found = hosts.find((candidate) => candidate.name === name);
  assert.ok(found, `no host ${name}`);
  return found;
};
const first3 = () => hosts.slice(0, 3);
const n1 = () => host("n1");

Deno.test.beforeAll(async () => {
  hosts = await up({ hosts: 4 });
});
Deno.test.afterAll(async () => {
  assert.deepEqual(await down(), []);
});

Deno.test("discover lists the tailnet's machines before there is an inventory", async () => {
  const { items } = JSON.parse(await tool("discover", "-o", "json"));
  const names = items.map(({ name }: { name: string }) => name);
  for (const { name } of hosts) assert.ok(names.includes(name), names.join(" "));
});

Deno.test("init writes an inventory that validates", async () => {
  await tool(...initArgs(first3(), { version: VERSIONS.older }));
  // An option for all that agents do not have: one that got it would end.
  await tool("config", "set", "k3s_config.etcd-snapshot-retention", "7");
  await tool("config", "validate");
});

Deno.test("node detect reads what hosts are, suggests by it, and changes nothing", async () => {
  const session = "/run/systemd/sessions/99";
  await onHost(
    host("n2"),
    `mkdir -p /run/systemd/sessions && printf 'TYPE=wayland\\nCLASS=user\\n' > ${session}`,
  );
  const { items, suggestions } = JSON.parse(await tool("node", "detect", "-o", "json"));
  await onHost(host("n2"), `rm ${session}`);
  assert.deepEqual(items.map((item: { host: string }) => item.host), ["n1", "n2", "n3"]);
  for (const item of items) {
    const there = await onHost(
      host(item.host),
      "uname -r; nproc --all; grep MemTotal: /proc/meminfo",
    );
    const [kernel, threads, memory = ""] = there.trim().split("\n");
    assert.deepEqual([item.kernel, item.threads], [kernel, Number(threads)]);
    assert.equal(item.memory_bytes, Number(/\d+/.exec(memory)?.[0]) * 1024);
    assert.equal(item.desktop, item.host === "n2");
    assert.ok(item.filesystems.length > 0);
  }
  assert.ok(suggestions.length > 0);
  for (const suggestion of suggestions) assert.equal(suggestion.host, "n2");
  const { machine } = JSON.parse(await tool("node", "show", "n2", "-o", "json"));
  assert.equal(machine.desktop, true);
  assert.equal(await onHost(n1(), "ls /etc/rancher 2>/dev/null || true"), "");
});

Deno.test("provision --check tells of changes and makes none", async () => {
  const marker = await Promise.all(first3().map((one) => onHost(one, "touch /root/marker")));
  assert.equal(marker.length, 3);
  const run = await provision("--check", "--diff");
  assert.ok(changedTasks(run).length > 0);
  for (const one of first3()) {
    const changed = await onHost(
      one,
      "find /etc /usr/local /var/lib/rancher -newer /root/marker -type f -not -name '*.lock'",
    );
    assert.equal(changed, "", one.name);
  }
});

Deno.test("provision makes three hosts a cluster; no secret leaves its place", async () => {
  const processes = sampleProcesses();
  const run = await provision();
  const seen = await processes.stop();
  await Deno.stderr.write(
    new TextEncoder().encode(`    first run: ${run.seconds.toFixed(1)} s\n`),
  );
  const found = await nodes(n1());
  for (const { name, tailscaleAddress } of first3()) {
    assert.ok(isReady(found.get(name)), `${name} is not Ready`);
    assert.equal(internalIp(found.get(name)), tailscaleAddress);
  }
  assert.deepEqual(
    await findSecrets(first3(), { output: run.stdout + run.stderr, processes: seen }),
    [],
  );
});

Deno.test("P1 P2 P3 each host runs its component with Tailscale addresses", async () => {
  for (const { name, role, tailscaleAddress } of first3()) {
    const unit = role === "control-plane" ? "k3s" : "k3s-agent";
    assert.equal((await onHost(host(name), `systemctl is-active ${unit}`)).trim(), "active");
    assert.equal((await onHost(host(name), `systemctl is-enabled ${unit}`)).trim(), "enabled");
    const config = await onHost(host(name), "cat /etc/rancher/k3s/config.yaml");
    const addresses = config.match(/\b\d+\.\d+\.\d+\.\d+\b(?!\/)/g) ?? [];
    const known = first3().map((one) => one.tailscaleAddress);
    // Cluster-internal ranges apart, every address is a host's Tailscale address.
    const foreign = addresses.filter((one) => !known.includes(one) && !one.startsWith("10.4"));
    assert.deepEqual(foreign, [], config);
    assert.ok(config.includes(tailscaleAddress));
    assert.equal(config.includes("etcd-snapshot-retention: 7\n"), role === "control-plane");
    if (role === "worker") assert.ok(config.includes(`https://${n1().tailscaleAddress}:6443`));
    const mode = await onHost(host(name), "stat -c '%a %U' /etc/rancher/k3s/config.yaml");
    assert.equal(mode.trim(), "600 root");
  }
});

Deno.test("the kubeconfig on the workstation reaches the API server by its Tailscale address", async () => {
  const { reachable, server } = JSON.parse(await tool("status", "-o", "json"));
  assert.deepEqual([reachable, server], [true, `https://${n1().tailscaleAddress}:6443`]);
  const text = await tool("status");
  for (const { name, tailscaleAddress } of first3()) {
    const line = text.split("\n").find((one) => one.startsWith(name)) ?? "";
    assert.match(line, /Ready/, text);
    assert.ok(line.includes(tailscaleAddress), text);
  }
});

Deno.test("P17 a second run changes nothing", async () => {
  const run = await provision();
  assert.deepEqual(changedTasks(run), []);
  for (const [name, { changed, failures }] of Object.entries(run.stats)) {
    assert.deepEqual([name, changed, failures], [name, 0, 0]);
  }
  await Deno.stderr.write(
    new TextEncoder().encode(`    second run: ${run.seconds.toFixed(1)} s\n`),
  );
});

Deno.test("doctor has no finding on healthy hosts, and names what is cut between them", async () => {
  // A machine that is quick is here before the DNS of the cluster is.
  await kubectl(n1(), "rollout status -n kube-system deployment/coredns --timeout=120s");
  const start = performance.now();
  await finds([]);
  await onHost(
    host("n2"),
    `nft -f - <<'END'
table inet lab_fault {
  chain input {
    type filter hook input priority -10;
    iifname "tailscale0" ip saddr 100.64.0.100 accept # the workstation, whose ssh sends large packets
    iifname "tailscale0" meta length gt 1252 drop
    iifname "tailscale0" tcp dport 10250 drop
  }
}
END
     ip link add lan0 type bridge && ip addr add 192.168.7.5/24 dev lan0 && ip link set lan0 up
     ip route add 192.168.0.0/16 dev tailscale0 table 52`,
  );
  const lost = (to: string) => `packets of 1280 bytes to ${to} are lost, small ones arrive`;
  await finds([
    "n1: ports that do not answer: n2 (10250)",
    `n1: ${lost("n2")}`,
    // Its own packets arrive, and large answers to them do not.
    `n2: ${lost("n1, n3")}`,
    "n2: a route accepted from the tailnet covers its own network 192.168.7.0/24",
    "n3: ports that do not answer: n2 (10250)",
    `n3: ${lost("n2")}`,
  ]);
  await onHost(
    host("n2"),
    "nft delete table inet lab_fault; ip route del 192.168.0.0/16 table 52; ip link del lan0",
  );
  await Deno.stderr.write(
    new TextEncoder().encode(
      `    doctor, twice: ${((performance.now() - start) / 1000).toFixed(1)} s\n`,
    ),
  );
});

/** Waits until doctor finds this: a packet that a busy machine is late with is no finding for long. */
async function finds(expected: readonly string[]): Promise<void> {
  let found: readonly string[] = [];
  await waitFor(async () => isDeepStrictEqual(found = await findings(), expected), {
    what: "doctor to find that",
    interval: 1000,
  }).catch(() => assert.deepEqual(found, expected));
}

/** What `doctor --hosts` finds wrong on hosts; their cgroups are those of this machine. */
async function findings(): Promise<string[]> {
  const { items } = JSON.parse((await tryTool("doctor", "--hosts", "-o", "json")).stdout);
  type Item = { name: string; host?: string; status: string; message: string };
  return items.flatMap(({ name, host, status, message }: Item) =>
    status === "ok" || host === undefined || name === "cgroups" ? [] : `${host}: ${message}`
  );
}

Deno.test("two replicas on two hosts answer through a Service, across the tailnet", async () => {
  await kubectl(n1(), "apply -f -", helloManifests("hello", { replicas: 2, nodePort: 30080 }));
  await kubectl(n1(), "rollout status deployment/hello --timeout=90s");
  await bothAnswer();
});

/** Waits until both replicas have answered each of the three hosts. */
async function bothAnswer(): Promise<void> {
  const address = (await kubectl(n1(), "get service hello -o jsonpath={.spec.clusterIP}")).trim();
  for (const one of first3()) {
    const answering = new Set<string>();
    await waitFor(async () => {
      answering.add(JSON.parse(await onHost(one, `curl -sf -m 5 http://${address}/`)).node);
      return answering.size === 2;
    }, { limit: 60, what: `both replicas to answer ${one.name}` });
  }
}

Deno.test("a firewall that is on lets the cluster through once the host is provisioned: ufw, then firewalld", async () => {
  const n3 = host("n3");
  // The lab's own way in stays open; modules of the kernel are this machine's.
  const firewalls = {
    ufw: ["ufw allow in on host0 && ufw --force enable", "ufw --force disable"],
    firewalld: [
      "sed -i s/CleanupModulesOnExit=yes/CleanupModulesOnExit=no/ /etc/firewalld/firewalld.conf && systemctl start firewalld",
      "systemctl stop firewalld",
    ],
  };
  for (const [kind, [on, off]] of Object.entries(firewalls)) {
    await onHost(n3, on!);
    try {
      // Behind ufw tailscaled's own rules let peers in; firewalld has a table of its own.
      const missing = RegExp(
        `^n3: ${kind} is on and has no rule for (tailscale0, )?10.42.0.0/16, 10.43.0.0/16$`,
        "m",
      );
      assert.match((await findings()).join("\n"), missing);
      await provision();
      await finds([]);
      await bothAnswer();
      assert.deepEqual(changedTasks(await provision()), []);
    } finally {
      await onHost(n3, off!);
    }
  }
});

Deno.test("P7 P10 a fourth host joins while the workload goes on answering", async () => {
  const requests = await watchRequests(n1(), "http://127.0.0.1:30080/");
  await tool("node", "add", "n4", "--role", "worker", "--user", "lab");
  await tool("config", "set", "artifact_source", "peers");
  const downloads = await downloadsOf(VERSIONS.older, hosts);
  await provision();
  assert.deepEqual(
    await downloadsOf(VERSIONS.older, hosts),
    downloads,
    "a node of the cluster has it",
  );
  await nobodyServes(hosts);
  assert.ok(isReady((await nodes(n1())).get("n4")));
  const { answered, missed } = await requests.stop();
  assert.deepEqual(missed, []);
  assert.ok(answered > 20, `only ${answered} requests were made`);
});

/** What the kernel shows of a graphics card by NVIDIA, in place of the machine's own devices. */
const PLUG_IN_A_CARD = "mkdir -p /run/pci/0000:01:00.0 && cd /run/pci/0000:01:00.0 && " +
  "echo 0x10de >vendor && echo 0x030000 >class && echo 0x2684 >device && " +
  "mount --bind /run/pci /sys/bus/pci/devices";

/** A mirror, and a registry whose password is in a file of the workstation. */
const REGISTRIES = {
  mirrors: { "docker.io": { endpoint: ["https://mirror.example.com:5000"] } },
  configs: { "mirror.example.com:5000": { auth: { username: "me", password_file: "registry" } } },
};
const registryPassword = {
  text: `lab-${crypto.randomUUID()}`,
  file: join(dirname(inventoryFile), "registry"),
};
const REGISTRIES_YAML = "/etc/rancher/k3s/registries.yaml";

/** The process of k3s on each host, by name. */
async function k3sProcesses(): Promise<Record<string, string>> {
  const show = "systemctl show k3s.service k3s-agent.service -p MainPID --value | grep -v '^0*$'";
  return Object.fromEntries(
    await Promise.all(hosts.map(async (one) => [one.name, (await onHost(one, show)).trim()])),
  );
}

Deno.test("P11 P12 reservations, labels, taints, options and registries arrive, change and go", async () => {
  const before = (await nodes(n1())).get("n3")!;
  await tool("config", "set", "reserved_cpu", "500m", "--scope", "n3", "--type", "string");
  await tool("config", "set", "reserved_memory", "1Gi", "--scope", "n3");
  await tool("config", "set", "profile", "small", "--scope", "n3");
  await tool("config", "set", "node_labels.example.com/disk", "nvme", "--scope", "n3");
  const taint = JSON.stringify([{ key: "workstation", value: "true", effect: "PreferNoSchedule" }]);
  await tool("config", "set", "node_taints", taint, "--scope", "n3", "--type", "json");
  await kubectl(n1(), "label node n3 foreign.example.com/kept=yes");
  await onHost(host("n3"), PLUG_IN_A_CARD);
  const argument = JSON.stringify(["serialize-image-pulls=false"]);
  await tool("config", "set", "k3s_config.kubelet-arg", argument, "--scope", "n3");
  await Deno.writeTextFile(registryPassword.file, `${registryPassword.text}\n`, { mode: 0o600 });
  for (const name of ["n3", "n4"]) {
    await tool("config", "set", "registries", JSON.stringify(REGISTRIES), "--scope", name);
  }
  const running = await k3sProcesses();
  const processes = sampleProcesses();
  const run = await provision("--diff");
  const search = { output: run.stdout + run.stderr, processes: await processes.stop() };
  const more = { "the registry's password": registryPassword };
  assert.deepEqual(await findSecrets(hosts, { ...search, more }), []);
  const restarted = Object.entries(await k3sProcesses()).filter(([name, id]) =>
    id !== running[name]
  );
  assert.deepEqual(restarted.map(([name]) => name), ["n3", "n4"]);
  for (const name of ["n3", "n4"]) {
    const [mode, ...text] = (await onHost(
      host(name),
      `stat -c '%a %U' ${REGISTRIES_YAML} && cat ${REGISTRIES_YAML}`,
    )).split("\n");
    assert.equal(mode, "600 root");
    assert.ok(text.some((line) => line.trim() === `password: ${registryPassword.text}`));
    assert.ok(text.some((line) => line.trim() === "- https://mirror.example.com:5000"));
  }
  const after = (await nodes(n1())).get("n3")!;
  const cpus = (node: typeof after) => millicores(node.status.allocatable.cpu ?? "");
  assert.equal(cpus(before) - cpus(after), 500, "the owner's reservation, not the profile's");
  const { kubeletconfig } = JSON.parse(
    await kubectl(n1(), "get --raw /api/v1/nodes/n3/proxy/configz"),
  );
  assert.equal(kubeletconfig.maxPods, 30);
  assert.equal(kubeletconfig.serializeImagePulls, false);
  assert.deepEqual(kubeletconfig.evictionHard, {
    "memory.available": "100Mi",
    "nodefs.available": "10%",
    "imagefs.available": "10%",
  });
  assert.equal(kubeletconfig.imageGCHighThresholdPercent, 70);
  assert.deepEqual(
    [kubeletconfig.containerLogMaxSize, kubeletconfig.containerLogMaxFiles],
    ["5Mi", 2],
  );
  assert.equal(after.metadata.labels["example.com/disk"], "nvme");
  assert.equal(after.metadata.labels["k3s-tool.io/gpu"], "nvidia");
  assert.ok(
    after.spec.taints?.some(({ key, effect }) =>
      key === "workstation" && effect === "PreferNoSchedule"
    ),
  );
  await tool("config", "unset", "node_labels.example.com/disk", "--scope", "n3");
  await tool("config", "unset", "node_taints", "--scope", "n3");
  await tool("config", "unset", "profile", "--scope", "n3");
  await tool("config", "unset", "registries", "--scope", "n3");
  await onHost(host("n3"), "umount /sys/bus/pci/devices");
  // As it is where somebody else's program put images there first.
  await onHost(host("n4"), "chmod 755 /var/lib/rancher/k3s/agent");
  const { n4: n4Before } = await k3sProcesses();
  await provision();
  const mode = await onHost(host("n4"), "stat -c %a /var/lib/rancher/k3s/agent");
  assert.deepEqual([mode.trim(), (await k3sProcesses()).n4], ["700", n4Before]);
  const cleared = (await nodes(n1())).get("n3")!;
  assert.equal(await onHost(host("n3"), `ls ${REGISTRIES_YAML} 2>/dev/null || true`), "");
  assert.equal(cleared.metadata.labels["example.com/disk"], undefined);
  assert.equal(cleared.metadata.labels["k3s-tool.io/gpu"], undefined);
  assert.equal(cleared.metadata.labels["foreign.example.com/kept"], "yes");
  assert.equal(cleared.spec.taints?.some(({ key }) => key === "workstation") ?? false, false);
});

Deno.test("a new k3s_version is left to upgrade", async () => {
  await tool("config", "set", "k3s_version", VERSIONS.newer);
  assert.deepEqual(changedTasks(await provision()), []);
  for (const [name, node] of await nodes(n1())) {
    assert.equal(node.status.nodeInfo.kubeletVersion, VERSIONS.older, name);
  }
});

Deno.test("every host that reboots comes back Ready by itself", async () => {
  for (const one of hosts) await reboot(one.name);
  await waitUntilReady(n1(), hosts, 180);
  const address = (await kubectl(n1(), "get service hello -o jsonpath={.spec.clusterIP}")).trim();
  await waitFor(() => onHost(host("n2"), `curl -sf -m 5 http://${address}/`), {
    limit: 120,
    what: "the workload to answer after the reboots",
  });
});

Deno.test("node remove drains, deletes, uninstalls, and edits the inventory last", async () => {
  const refused = await tryTool("node", "remove", "n4", "--no-input");
  assert.equal(refused.code, 2, refused.stderr);
  assert.ok((await nodes(n1())).has("n4"));
  const run = await runWithEvents("node", "remove", "n4", "--yes");
  assert.equal(run.code, 0, run.stderr);
  assert.ok(!(await nodes(n1())).has("n4"));
  assert.ok(!await exists(n1(), "-n kube-system secret/n4.node-password.k3s"));
  const left = await onHost(
    host("n4"),
    "ls -d /etc/rancher/k3s /usr/local/bin/k3s /etc/systemd/system/k3s-agent.service 2>/dev/null || true; " +
      "ip -br link show flannel.1 2>/dev/null || true; pgrep containerd-shim || true",
  );
  assert.equal(left, "");
  assert.doesNotMatch(await Deno.readTextFile(inventoryFile), /\bn4\b/);
  assert.equal((await onHost(host("n4"), "tailscale ip -4")).trim(), host("n4").tailscaleAddress);
});

function millicores(quantity: string): number {
  return quantity.endsWith("m") ? Number(quantity.slice(0, -1)) : Number(quantity) * 1000;
}
