/** What an inventory says: hosts, roles and variables, and what is passed over with a word. */
import assert from "node:assert/strict";
import { aliasInventory, roleOfGroup } from "../../../src/inventory/read/groups.ts";
import { findHost, hostsOf } from "../../../src/inventory/model.ts";
import {
  checkInventory,
  readInventory,
  requireProvisionable,
} from "../../../src/inventory/read/read.ts";
import { PROJECT_ROOT } from "../../cli/fake_context.ts";
import { SMALL, temporaryInventory } from "../temporary_inventory.ts";

const EXAMPLES = `${PROJECT_ROOT}/examples/inventories`;

Deno.test("the example of SPEC reads as it is meant", async () => {
  const inventory = await readInventory(`${EXAMPLES}/homelab.yml`, { cwd: PROJECT_ROOT });
  assert.deepEqual(hostsOf(inventory, "control-plane").map((host) => host.name), ["nuc"]);
  const dgx = findHost(inventory, "DGX")!;
  const { vars: _, where, ...rest } = dgx;
  assert.deepEqual(where, { file: "examples/inventories/homelab.yml", line: 27, column: 9 });
  assert.deepEqual(rest, {
    name: "dgx",
    nodeName: "dgx",
    role: "worker",
    groups: ["workers"],
    tailscaleIp: "100.64.0.3",
    ansibleHost: "100.64.0.3",
    user: "me",
    reservedCpu: "4",
    reservedMemory: "8Gi",
    gpu: true,
    labels: { workstation: "true" },
    taints: [{ key: "nvidia.com/gpu", value: "true", effect: "NoSchedule" }],
  });
});

for (const { name } of [...Deno.readDirSync(EXAMPLES)].filter(({ isFile }) => isFile)) {
  Deno.test(`example ${name} is valid and can be provisioned`, async () => {
    const file = `${EXAMPLES}/${name}`;
    const { problems } = await checkInventory(file);
    assert.deepEqual(problems, []);
    requireProvisionable(await readInventory(file));
  });
}

Deno.test("example multi: variables from files, ranges and groups inside groups", async () => {
  const inventory = await readInventory(`${EXAMPLES}/multi/hosts.yml`, { cwd: EXAMPLES });
  requireProvisionable(inventory);
  assert.deepEqual(inventory.hosts.map((host) => [host.name, host.role, host.tailscaleIp]), [
    ["nuc", "control-plane", "100.64.0.1"],
    ["node1", "worker", "100.64.0.11"],
    ["node2", "worker", "100.64.0.12"],
    ["dgx", "worker", "100.64.0.3"],
  ]);
  const dgx = findHost(inventory, "dgx")!;
  assert.deepEqual(dgx.groups, ["workers", "gpu_workers"]);
  assert.equal(dgx.vars.get("reserved_memory")?.value, "8Gi");
  assert.equal(dgx.vars.get("reserved_memory")?.where.file, "multi/group_vars/gpu_workers.yml");
  assert.equal(dgx.vars.get("reserved_cpu")?.scope, "workers");
  assert.equal(dgx.vars.get("backup_password")?.state, "vault");
  assert.equal(dgx.ansibleHost, undefined, "templated");
  assert.equal(inventory.cluster.clusterName, "multi");
});

Deno.test("k3s-ansible's groups get roles, and Ansible the names the playbooks know", async () => {
  const inventory = await readInventory(`${EXAMPLES}/k3s-ansible.yml`);
  assert.deepEqual(inventory.hosts.map((host) => [host.name, host.role, host.tailscaleIp]), [
    ["nuc", "control-plane", "100.64.0.1"],
    ["dgx", "worker", "100.64.0.3"],
  ]);
  const messages = inventory.warnings.map((warning) => warning.message);
  assert.ok(messages.includes("the group server is read as control-plane hosts"));
  assert.deepEqual(JSON.parse(aliasInventory(inventory)!), {
    all: {
      hosts: { nuc: { tailscale_ip: "100.64.0.1" }, dgx: { tailscale_ip: "100.64.0.3" } },
      children: {
        control_plane: { children: { server: {} } },
        workers: { children: { agent: {} } },
      },
    },
  });
  assert.equal(aliasInventory(await readInventory(`${EXAMPLES}/homelab.yml`)), undefined);
});

Deno.test("variables follow Ansible's precedence", async () => {
  const host = (name: string, last: number) =>
    `          ${name}: {tailscale_ip: 100.64.0.${last}, host_inline: inline, host_file: inline}\n`;
  await using inventory = await temporaryInventory(
    `all:
  vars: {a: all, b: all, c: all, d: all, e: all}
  children:
    control_plane:
      hosts:
${host("nuc", 1)}    workers:
      vars: {b: workers, c: workers, d: workers}
      children:
        inner:
          vars: {c: inner}
          hosts:
    ${host("dgx", 2)}`,
    {
      "group_vars/all.yml": "d: all file\ne: all file\n",
      "group_vars/workers/10.yml": "e: workers 10\nf: workers 10\n",
      "group_vars/workers/20.yaml": "f: workers 20\n",
      "group_vars/workers/ignored.txt": "f: never\n",
      "group_vars/workers/.hidden.yml": "f: never\n",
      "host_vars/dgx": "host_file: file\n",
    },
  );
  const dgx = findHost(await readInventory(inventory.file), "dgx")!;
  const value = (name: string) => dgx.vars.get(name)?.value;
  assert.deepEqual(["a", "b", "c", "d", "e", "f"].map(value), [
    "all",
    "workers",
    "inner",
    "all file", // a file of any group wins over lines of every group
    "workers 10",
    "workers 20",
  ]);
  assert.deepEqual(["host_inline", "host_file"].map(value), ["inline", "file"]);
});

Deno.test("a container named like a role is no role for what has one inside", async () => {
  await using inventory = await temporaryInventory(`all:
  children:
    nodes:
      children:
        control_plane: {hosts: {a: {tailscale_ip: 100.64.0.1}}}
        workers: {hosts: {b: {tailscale_ip: 100.64.0.2}}}
`);
  const { hosts } = await readInventory(inventory.file);
  assert.deepEqual(hosts.map((host) => host.role), ["control-plane", "worker"]);
});

Deno.test("hosts that are no nodes are left alone with a word, in the tailnet or not", async () => {
  await using inventory = await temporaryInventory(`${SMALL}    routers:
      hosts:
        fritz: {ansible_host: 192.168.1.1}
        nas: {ansible_host: 100.64.0.9}
        100.64.0.10:
`);
  const { hosts, warnings } = await readInventory(inventory.file);
  assert.equal(hosts.length, 2);
  for (const name of ["fritz", "nas", "100.64.0.10"]) {
    assert.ok(warnings.some(({ message }) => message.startsWith(`${name} is in no group`)));
  }
});

Deno.test("a host in groups of both roles is a server, as kubespray means it", async () => {
  for (
    const [server, worker] of [["kube_control_plane", "kube_node"], ["control_plane", "workers"]]
  ) {
    await using inventory = await temporaryInventory(`all:
  hosts:
    n1: {ansible_host: 100.64.0.1}
    n2: {ansible_host: 100.64.0.2}
  children:
    ${worker}: {hosts: {n1: , n2: }}
    ${server}: {hosts: {n1: }}
`);
    const { hosts } = await readInventory(inventory.file);
    assert.deepEqual(hosts.map(({ name, role }) => [name, role]), [
      ["n1", "control-plane"],
      ["n2", "worker"],
    ]);
  }
});

Deno.test("groups give their roles under the names that people use", () => {
  const names = {
    "control-plane":
      "control_plane control-planes k3s_control_plane k3s_control_planes k3s-server " +
      "k3s_servers server_nodes master Masters k3s_master k3s-masters kube_control_plane kube-master " +
      "k3s_controllers k3s_controlplane k3s_control control_nodes k3s_cp k8s_masters",
    worker: "workers k3s_worker k3s-workers worker_nodes k3s-agent k3s_agents agent node nodes " +
      "k3s_node k3s_nodes kube_node kube-nodes agent_hosts k8s_workers",
    none: "k3s_cluster cluster k3s storage hosts k8s_cluster etcd control controller gpu_nodes all",
  };
  for (const [role, text] of Object.entries(names)) {
    for (const name of text.split(" ")) assert.equal(roleOfGroup(name) ?? "none", role, name);
  }
});

Deno.test("what k3s_cluster sets for both roles holds for the cluster", async () => {
  await using inventory = await temporaryInventory(`k3s_cluster:
  children:
    server: {hosts: {100.64.0.1: }}
    agent: {hosts: {100.64.0.2: }}
  vars: {k3s_version: v1.31.12+k3s1, cluster_name: home}
`);
  const { cluster } = await readInventory(inventory.file);
  assert.deepEqual([cluster.k3sVersion, cluster.clusterName], ["v1.31.12+k3s1", "home"]);
});

Deno.test("a name in quotes is text, and so is what only looks like a number", async () => {
  for (const name of ['"on"', '"123"', "1e3", "089", "y", "0o17", "2024-1-1", "my--nas"]) {
    await using inventory = await temporaryInventory(SMALL.replace("dgx:", `${name}:`));
    const { hosts } = await readInventory(inventory.file);
    assert.equal(hosts[1]?.name, name.replaceAll('"', ""));
  }
});

Deno.test("a group of one host may have the host's name", async () => {
  await using inventory = await temporaryInventory(
    SMALL.replace("    control_plane:", "    master:").replace("        nuc:", "        master:"),
  );
  assert.equal((await readInventory(inventory.file)).hosts[0]?.name, "master");
});

const SOPS = `ansible_become_password: ENC[AES256_GCM,data:Zm9v,iv:AA==,tag:AA==,type:str]
sops:
    mac: ENC[AES256_GCM,data:Zm9v,iv:AA==,tag:AA==,type:str]
    version: 3.11.0
`;

Deno.test("a file that sops encrypted is skipped with a word, in YAML and JSON", async () => {
  for (
    const [name, text] of [
      ["group_vars/all/secrets.sops.yml", SOPS],
      ["group_vars/workers.json", JSON.stringify({ gpu: "ENC[x]", sops: { mac: "ENC[y]" } })],
      ["host_vars/dgx.yml", SOPS],
    ] as const
  ) {
    await using inventory = await temporaryInventory(SMALL, { [name]: text });
    const { problems, warnings, inventory: read } = await checkInventory(inventory.file);
    assert.deepEqual(problems, []);
    const said = warnings.find(({ where }) => where?.file.endsWith(name));
    assert.match(said?.message ?? "", /is encrypted by sops/);
    assert.ok(!read?.hosts.some(({ vars }) => vars.has("sops") || vars.has("gpu")));
  }
  await using whole = await temporaryInventory(`${SMALL}sops: {mac: x, version: 3.11.0}\n`);
  const { problems } = await checkInventory(whole.file);
  assert.match(problems[0]?.message ?? "", /encrypted by sops/);
  // A group called so is none.
  await using group = await temporaryInventory(`${SMALL}sops:\n  hosts:\n`);
  assert.deepEqual((await checkInventory(group.file)).problems, []);
});

Deno.test("a link that leads nowhere in group_vars is skipped as Ansible does, and named", async () => {
  await using inventory = await temporaryInventory(SMALL, { "group_vars/all.yaml": "rack: 7\n" });
  const directory = `${inventory.directory}/group_vars`;
  await Deno.symlink("nowhere", `${directory}/all.yml`);
  await Deno.symlink("workers.yml", `${directory}/workers.yml`);
  const { problems, warnings, inventory: read } = await checkInventory(inventory.file);
  assert.deepEqual(problems, []);
  for (const name of ["all.yml", "workers.yml"]) {
    assert.ok(
      warnings.some(({ message, where }) =>
        /broken symbolic link/.test(message) && where?.file.endsWith(name)
      ),
    );
  }
  assert.equal(read?.hosts[0]?.vars.get("rack")?.value, 7);
});
