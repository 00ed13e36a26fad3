import assert from "node:assert/strict";
import { readInventory } from "../../src/inventory/read/read.ts";
import { runCommand } from "../cli/fake_context.ts";
import { temporaryInventory } from "../inventory/temporary_inventory.ts";
import { peerFields, statusJson, tailscaleSays } from "../tailscale/status_fixture.ts";

const TAILNET = statusJson({
  peers: [
    peerFields("nuc", "100.64.0.1"),
    peerFields("nas", "100.64.0.2"),
    peerFields("pi", "100.64.0.3"),
  ],
});

/** The same three machines, as each tool writes them. */
const FILES: Readonly<Record<string, string>> = {
  "k3s-ansible.yml": `k3s_cluster:
  children:
    server:
      hosts: {nuc: {ansible_host: 192.168.1.2}}
    agent:
      hosts: {nas: {}, pi: {ansible_user: pi}}
  vars: {ansible_port: 22, token: "{{ vault }}", api_endpoint: "{{ groups['server'][0] }}"}
`,
  "kubani.yml": `all:
  vars: {cluster_name: homelab, tailscale_network: 100.64.0.0/10}
  children:
    control_plane:
      hosts: {nuc: {ansible_host: 100.64.0.1, tailscale_ip: 100.64.0.1}}
    workers:
      hosts:
        nas: {ansible_host: nas.lan, tailscale_ip: 100.64.0.2}
        pi: {ansible_host: 100.64.0.3, ansible_user: pi}
`,
  "hosts.ini": `; techno-tim's
[master]
nuc ansible_host=192.168.1.2
[node]
100.64.0.2
pi ansible_user=pi # a comment

[k3s_cluster:children]
master
node
[k3s_cluster:vars]
ansible_port=22
`,
  "devices.json":
    `[{"hostname": "nuc", "ip": "192.168.1.2"}, {"hostname": "nas", "ip": "100.64.0.2"},
 {"hostname": "pi", "ip": "192.168.1.4"}]`,
  "plan.sh": `#!/bin/sh
echo "Setting up primary server 1"
k3sup install --host 100.64.0.1 \\
--user root \\
--cluster
export NODE_TOKEN=$(k3sup node-token --host 100.64.0.1 --user root)
k3sup join \\
--host nas \\
--server-host 100.64.0.1 \\
--node-token "$NODE_TOKEN" --user root
k3sup join --host pi --server-host 100.64.0.1 --user pi &
`,
  "k0sctl.yaml": `apiVersion: k0sctl.k0sproject.io/v1beta1
kind: Cluster
spec:
  hosts:
  - role: controller+worker
    ssh: {address: 100.64.0.1, user: me, port: 22, keyPath: ~/.ssh/id}
  - role: worker
    hostname: nas
    openSSH: {address: 192.168.1.3}
  - role: worker
    ssh: {address: pi, user: pi}
`,
};

const init = (directory: string, path: string, ...more: string[]) =>
  runCommand(["init", "--from", path, "-i", "new.yml", ...more], {
    directory,
    runner: tailscaleSays(TAILNET),
    env: { K3S_TOOL_TAILSCALE_SOCKET: "/proc/nonexistent/tailscaled.sock" },
  });

for (const [name, text] of Object.entries(FILES)) {
  Deno.test(`init --from ${name} takes its machines with their Tailscale addresses`, async () => {
    await using at = await temporaryInventory("", { [name]: text });
    const { code, stderr } = await init(at.directory, name);
    assert.equal(code, 0, stderr);
    const { hosts } = await readInventory(`${at.directory}/new.yml`);
    assert.deepEqual(
      hosts.map(({ name, role, tailscaleIp }) => [name, role, tailscaleIp]).sort(),
      [
        ["nas", name === "devices.json" ? "control-plane" : "worker", "100.64.0.2"],
        ["nuc", "control-plane", "100.64.0.1"],
        ["pi", name === "devices.json" ? "control-plane" : "worker", "100.64.0.3"],
      ],
    );
    const user = hosts.find((host) => host.name === "pi")?.user;
    assert.equal(user, name === "devices.json" ? undefined : "pi");
    assert.equal(at.read(name), text);
  });
}

Deno.test("a directory is searched for an inventory, and flags win over the file", async () => {
  await using at = await temporaryInventory("", {
    "other/hosts.ini": FILES["hosts.ini"]!,
  });
  const flags = ["--control-plane", "pi=100.64.0.3", "--user", "me"];
  const { code, stderr } = await init(at.directory, "other", ...flags);
  assert.equal(code, 0, stderr);
  const { hosts } = await readInventory(`${at.directory}/new.yml`);
  assert.deepEqual(hosts.map(({ name, role, user }) => [name, role, user]), [
    ["pi", "control-plane", "me"],
    ["nuc", "control-plane", "me"],
    ["nas", "worker", "me"],
  ]);
});

Deno.test("the users of an INI inventory are where Ansible looks for them", async () => {
  await using at = await temporaryInventory("", {
    "my/hosts.ini":
      "[master]\nnuc\n[node]\nnas ansible_user=own\npi\n[k3s:children]\nmaster\nnode\n" +
      "[node:vars]\nansible_user = 'workers'\n",
    "my/group_vars/master.yml": "ansible_user: ansibleuser\n",
  });
  const { code, stderr } = await init(at.directory, "my");
  assert.equal(code, 0, stderr);
  const { hosts } = await readInventory(`${at.directory}/new.yml`);
  assert.deepEqual(hosts.map(({ name, user }) => [name, user]).sort(), [
    ["nas", "own"],
    ["nuc", "ansibleuser"],
    ["pi", "workers"],
  ]);
});

Deno.test("groups of groups that name each other many times are read once", async () => {
  const groups = Array.from(
    { length: 60 },
    (_, at) => `[g${at}:children]\ng${at + 1}\ng${at + 1}\n`,
  );
  await using at = await temporaryInventory("", {
    "hosts.ini": `${groups.join("")}[master:children]\ng0\n[g60]\nnuc\n`,
  });
  const { code, stderr } = await init(at.directory, "hosts.ini");
  assert.equal(code, 0, stderr);
});

Deno.test("machines that are not in the tailnet are all named, and nothing is written", async () => {
  const lan = "[master]\n192.168.1.2\nnobody\n[node]\npi\n";
  await using at = await temporaryInventory("", { "hosts.ini": lan });
  const { code, stderr } = await init(at.directory, "hosts.ini");
  assert.equal(code, 2);
  assert.match(stderr, /192\.168\.1\.2[^]*nobody/);
  assert.throws(() => at.read("new.yml"));
});

Deno.test("what is no such file is wrong usage, whatever is in it", async () => {
  const cases: Readonly<Record<string, string>> = {
    "empty.yml": "",
    "text.txt": "hello\n",
    "broken.yml": "a: [1\n",
    "broken.json": '[{"hostname": ',
    "other.json": '[{"name": "a"}]',
    "no-roles.yml": "all: {hosts: {a: {}}}\n",
    "range.ini": "[master]\nn[1:3]\n",
    "loop.ini": "[a:children]\nb\n[b:children]\na\n[a]\nx\n",
    "k0s.yaml": "apiVersion: k0sctl.k0sproject.io/v1beta1\nspec: {hosts: 1}\n",
    "control.ini": "[master]\n\u001b[31mevil\n",
    "large.yml": "#".repeat((1 << 20) + 1),
    "dir/nothing": "",
  };
  await using at = await temporaryInventory("", cases);
  const fifo = `${at.directory}/fifo`;
  assert.equal((await new Deno.Command("mkfifo", { args: [fifo] }).output()).code, 0);
  for (
    const name of [
      ...Object.keys(cases).filter((each) => !each.includes("/")),
      "dir",
      "fifo",
      "gone",
    ]
  ) {
    const { code, stdout, stderr } = await init(at.directory, name);
    assert.equal(code, 2, `${name}: ${stderr}`);
    // deno-lint-ignore no-control-regex -- no byte of the file may reach the terminal as a command
    assert.doesNotMatch(stdout + stderr, /\u001b/);
    assert.throws(() => at.read("new.yml"), name);
  }
});

Deno.test("machines of k0sctl.yaml that ssh does not reach are named and left out", async () => {
  const hosts = [
    "  - {role: worker, hostname: desk, localhost: {enabled: true}}",
    "  - {role: worker, winRM: {address: 100.64.0.9, user: me}}",
    "  - {role: worker}",
  ];
  await using at = await temporaryInventory("", {
    "k0sctl.yaml": `${FILES["k0sctl.yaml"]}${hosts.join("\n")}\n`,
  });
  const { code, stderr } = await init(at.directory, "k0sctl.yaml");
  assert.equal(code, 0, stderr);
  assert.match(stderr, /desk is left out: it is reached by localhost, not by ssh/);
  assert.match(stderr, /100\.64\.0\.9 is left out: it is reached by winRM, not by ssh/);
  assert.match(stderr, /Host 6 of the file is left out: it has no ssh address/);
  assert.doesNotMatch(at.read("new.yml"), /desk|100\.64\.0\.9/);
});
