/**
 * A cluster that k3s' install script made is taken over: a server that keeps running, an agent that has to be
 * restarted, an app that notices nothing.
 *
 * @module
 */

import assert from "node:assert/strict";
import { dirname } from "node:path";
import { onHost } from "../hosts/on_host.ts";
import { helloManifests, internalIp, kubectl, nodes, waitUntilReady } from "../kubernetes.ts";
import { down, up } from "../lab.ts";
import { changedTasks, provision, signalAt } from "../run_events.ts";
import type { Host } from "../state.ts";
import { inventoryFile, MIRROR_URL, projectDir, tool, tryTool, VERSIONS } from "../tool.ts";
import { waitFor } from "../wait.ts";

const TOKEN = "a-token-that-nobody-may-see";
const INVENTORY = `# mine
all:
  vars:
    cluster_name: lab
    ansible_user: lab
    k3s_binary_mirror_url: ${MIRROR_URL}
  children:
    control_plane:
      hosts: {}
    workers:
      hosts: {}
`;

let hosts: Host[] = [];
const n1 = (): Host => hosts[0]!;
const n2 = (): Host => hosts[1]!;

Deno.test.beforeAll(async () => {
  await boot();
  await onHost(n1(), "mkdir -p /etc/rancher/k3s/config.yaml.d");
  await write(n1(), "/etc/rancher/k3s/config.yaml", [
    "node-label:",
    "  - disk=ssd",
    'write-kubeconfig-mode: "0644"',
  ]);
  await write(n1(), "/etc/rancher/k3s/config.yaml.d/kubelet.yaml", [
    'kubelet-arg: ["max-pods=40"]',
  ]);
  await install(n1(), "k3s", {
    args: ["server", "--node-ip", n1().tailscaleAddress, "--flannel-iface=tailscale0"]
      .concat("--resolv-conf", "/etc/k3s-resolv.conf", "--tls-san", "k3s.example"),
    env: [`K3S_TOKEN='${TOKEN}'`],
  });
  await waitUntilReady(n1(), [n1()]);
  await install(n2(), "k3s-agent", {
    args: ["agent"],
    env: [`K3S_TOKEN='${TOKEN}'`, `K3S_URL='https://${n1().tailscaleAddress}:6443'`],
  });
  await waitUntilReady(n1(), hosts);
  await kubectl(n1(), "apply -f -", helloManifests("web", { replicas: 2, nodePort: 30080 }));
  await kubectl(n1(), "rollout status deployment/web --timeout=90s");
});
Deno.test.afterAll(async () => {
  assert.deepEqual(await down(), []);
});

Deno.test("a check shows what fits, what differs and what restarts, and changes nothing", async () => {
  const before = await files();
  const { code, stdout, stderr } = await tryTool("adopt", "n1", "n2", "--check");
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^n1 +control-plane .* sqlite +keeps running$/m);
  assert.match(stdout, /^n2 +worker .* restarts: flannel-iface, node-ip, resolv-conf$/m);
  assert.match(stdout, /^n1 +kubelet-arg .* fits, as k3s_config\.kubelet-arg$/m);
  assert.match(stdout, /^n1 +write-kubeconfig-mode +0?644 .* when k3s starts next$/m);
  assert.match(stdout, /^n2 +node-ip +10\.77\.0\.12 +100\.64\.0\.2 +k3s restarts$/m);
  assert.doesNotMatch(stdout + stderr, new RegExp(TOKEN));
  // Nobody can be asked.
  const asked = await tryTool("adopt", "n1", "n2");
  assert.equal(asked.code, 2, asked.stderr);
  assert.equal(await files(), before);
  assert.equal(await Deno.readTextFile(inventoryFile), INVENTORY);
});

Deno.test("killed in the middle and run again, the cluster is taken over: what fits is not restarted, and the app runs on", async () => {
  const [objects, containers] = [await uids(), await pods()];
  const process = await invocation(n1(), "k3s");
  for (const [host, moment] of [["n1", "Check the host"], ["n2", "Write the configuration"]]) {
    const killed = await signalAt(
      "SIGKILL",
      ["adopt", "n1", "n2", "--yes"],
      (event) => event.type === "result" && event.host === host && event.task === moment,
    );
    assert.ok(killed.sent, `${host}: ${moment}`);
  }
  await tool("adopt", "n1", "n2", "--yes");
  // What the killed run left to do besides k3s itself: settings of nodes, the kubeconfig.
  await provision();
  assert.equal(await invocation(n1(), "k3s"), process);
  assert.deepEqual(await uids(), objects);
  assert.equal(await pods(), containers);
  const found = await nodes(n1());
  assert.equal(internalIp(found.get("n2")), n2().tailscaleAddress);
  const inventory = await Deno.readTextFile(inventoryFile);
  for (const setting of [VERSIONS.newer, "max-pods=40", "k3s.example", "disk: ssd", "# mine"]) {
    assert.ok(inventory.includes(setting), inventory);
  }
  assert.doesNotMatch(inventory, new RegExp(TOKEN));
});

Deno.test("afterwards there is nothing left to do, and what was there before is kept", async () => {
  assert.deepEqual(changedTasks(await provision()), []);
  const again = await tryTool("adopt", "n1", "n2");
  assert.equal(again.code, 0, again.stderr);
  assert.match(again.stderr, /Nothing to take over/);
  const kept = await onHost(
    n1(),
    "ls /etc/rancher/k3s/before-k3s-tool /etc/rancher/k3s/config.yaml.d",
  );
  assert.match(kept, /config\.yaml[^]*k3s\.service[^]*kubelet\.yaml[^]*config\.yaml\.d:\s*$/);
  const state = `${projectDir}/.local/state/k3s-tool`;
  for await (const path of filesBelow(state)) {
    assert.ok(!(await Deno.readTextFile(path)).includes(TOKEN), path);
  }
});

Deno.test("a restart with the tool's unit and files gives the same node and the same app", async () => {
  const [objects, containers] = [await uids(), await pods()];
  const units = [[n1(), "k3s"], [n2(), "k3s-agent"]] as const;
  const invocations = () => Promise.all(units.map(([host, unit]) => invocation(host, unit)));
  const before = await invocations();
  for (const [host, unit] of units) await onHost(host, `systemctl --no-block restart ${unit}`);
  await waitFor(async () => {
    const now = await invocations();
    return now.every((each, at) => each !== before[at] && !/MainPID=0$/m.test(each));
  }, { what: "k3s to be started again" });
  await waitUntilReady(n1(), hosts);
  assert.deepEqual(await uids(), objects);
  assert.equal(await pods(), containers);
  assert.equal((await onHost(n1(), "stat -c %a /etc/rancher/k3s/k3s.yaml")).trim(), "600");
});

Deno.test("members of etcd, and options of another kind, go on to run as well", async () => {
  assert.deepEqual(await down(), []);
  await boot();
  const own = ({ tailscaleAddress }: Host) => [
    "server",
    `--node-ip=${tailscaleAddress}`,
    "--flannel-iface=tailscale0",
    "--resolv-conf=/etc/k3s-resolv.conf",
    "--data-dir=/var/lib/rancher/k3s",
    "--disable=traefik,servicelb",
  ];
  const env = [`K3S_TOKEN='${TOKEN}'`];
  await install(n1(), "k3s", { args: [...own(n1()), "--cluster-init"], env });
  await waitUntilReady(n1(), [n1()]);
  const server = `--server=https://${n1().tailscaleAddress}:6443`;
  await install(n2(), "k3s", { args: [...own(n2()), server], env });
  await waitUntilReady(n1(), hosts);
  const processes = await Promise.all(hosts.map((host) => invocation(host, "k3s")));
  // Named the other way around: which server began the cluster is seen from the hosts.
  await tool("adopt", "n2", "n1", "--yes");
  assert.deepEqual(await Promise.all(hosts.map((host) => invocation(host, "k3s"))), processes);
  assert.deepEqual(changedTasks(await provision()), []);
});

/** Hosts without k3s, and an inventory without hosts. */
async function boot(): Promise<void> {
  hosts = await up({ hosts: 2 });
  await Deno.mkdir(dirname(inventoryFile), { recursive: true });
  await Deno.writeTextFile(inventoryFile, INVENTORY);
  for (const host of hosts) {
    await onHost(host, "printf 'nameserver 1.1.1.1\\n' >/etc/k3s-resolv.conf");
  }
}

async function write(host: Host, path: string, lines: readonly string[], mode = "0600") {
  await onHost(host, `cat >${path} && chmod ${mode} ${path}`, { stdin: lines.join("\n") + "\n" });
}

/** Installs k3s as its install.sh does (k3s-io/k3s install.sh: create_env_file, create_systemd_service_file). */
async function install(
  host: Host,
  unit: string,
  { args, env }: { readonly args: readonly string[]; readonly env: readonly string[] },
): Promise<void> {
  const images = "/var/lib/rancher/k3s/agent/images";
  const from = `${MIRROR_URL}/${encodeURIComponent(VERSIONS.newer)}`;
  await onHost(
    host,
    `mkdir -p ${images} && cd ${images} && curl -fsSO ${from}/k3s-airgap-images-amd64.tar`,
  );
  await onHost(host, `curl -fsS -o /usr/local/bin/k3s ${from}/k3s && chmod 755 /usr/local/bin/k3s`);
  const directory = "/etc/systemd/system";
  const [command = "", ...options] = args;
  await write(host, `${directory}/${unit}.service.env`, env);
  await write(host, `${directory}/${unit}.service`, [
    "[Unit]",
    "Description=Lightweight Kubernetes",
    "Wants=network-online.target",
    "After=network-online.target",
    "",
    "[Install]",
    "WantedBy=multi-user.target",
    "",
    "[Service]",
    "Type=notify",
    "EnvironmentFile=-/etc/default/%N",
    "EnvironmentFile=-/etc/sysconfig/%N",
    `EnvironmentFile=-${directory}/${unit}.service.env`,
    "KillMode=process",
    "Delegate=yes",
    "User=root",
    "LimitNOFILE=1048576",
    "TasksMax=infinity",
    "TimeoutStartSec=0",
    "Restart=always",
    "RestartSec=5s",
    "ExecStartPre=-/sbin/modprobe br_netfilter",
    "ExecStartPre=-/sbin/modprobe overlay",
    "ExecStart=/usr/local/bin/k3s \\",
    `    ${command} \\`,
    ...options.map((option) => `\t'${option}' \\`),
    "",
  ], "0644");
  await onHost(
    host,
    `systemctl daemon-reload && systemctl enable -q ${unit} && systemctl --no-block start ${unit}`,
  );
}

/** Digests of what the tool would write on the hosts. */
async function files(): Promise<string> {
  const all = await Promise.all(
    hosts.map((host) =>
      onHost(
        host,
        "find /etc/systemd/system /etc/rancher /usr/local/bin -type f | sort | xargs sha256sum",
      )
    ),
  );
  return all.join("\n");
}

async function invocation(host: Host, unit: string): Promise<string> {
  return await onHost(host, `systemctl show ${unit} -p InvocationID,MainPID`);
}

/** Uids of the objects that are a person's own. */
async function uids(): Promise<readonly string[]> {
  const kinds = "nodes,namespaces,deployments,services,serviceaccounts,pods";
  const list = await kubectl(
    n1(),
    `get ${kinds} -A -o jsonpath='{range .items[*]}{.kind}/{.metadata.name} {.metadata.uid}{"\\n"}{end}'`,
  );
  return list.split("\n").sort();
}

/** Containers of the app and how often they were started. */
async function pods(): Promise<string> {
  return await kubectl(
    n1(),
    "get pods -l app=web --sort-by=.metadata.name -o jsonpath='{range .items[*]}{.spec.nodeName} " +
      '{.status.containerStatuses[0].containerID} {.status.containerStatuses[0].restartCount}{"\\n"}{end}\'',
  );
}

async function* filesBelow(directory: string): AsyncGenerator<string> {
  for await (const { name, isDirectory, isFile } of Deno.readDir(directory)) {
    const path = `${directory}/${name}`;
    if (isDirectory) yield* filesBelow(path);
    else if (isFile) yield path;
  }
}
