/** What is refused of an inventory, or warned of, each with its place. */
import assert from "node:assert/strict";
import { renderErrorText } from "../../../src/errors/render_error.ts";
import { hostsOf } from "../../../src/inventory/model.ts";
import {
  checkInventory,
  readInventory,
  requireProvisionable,
} from "../../../src/inventory/read/read.ts";
import { CLUSTER_VARIABLES } from "../../../src/inventory/schema.ts";
import { SMALL, temporaryInventory } from "../temporary_inventory.ts";

/** The report for a text that is no valid inventory, without the directory. */
async function report(text: string, beside: Record<string, string> = {}): Promise<string> {
  await using inventory = await temporaryInventory(text, beside);
  let rendered = "";
  await assert.rejects(readInventory(inventory.file, { cwd: inventory.directory }), (error) => {
    assert.equal((error as { exitCode?: number }).exitCode, 2);
    rendered = renderErrorText(error);
    return true;
  });
  assert.equal(inventory.read(), text);
  return rendered;
}

Deno.test("what cannot be read in a directory of variables is a problem with its name", async () => {
  await using inventory = await temporaryInventory(SMALL, { "group_vars/all/a.yml": "rack: 7\n" });
  await Deno.symlink("nowhere", `${inventory.directory}/group_vars/all/b.yml`);
  await new Deno.Command("mkfifo", { args: [`${inventory.directory}/group_vars/all/c.yml`] })
    .output();
  const { problems } = await checkInventory(inventory.file);
  assert.deepEqual(problems.map(({ message, where }) => [message, where?.file.split("/").at(-1)]), [
    ["the file cannot be read: it is not a regular file", "b.yml"],
    ["the file cannot be read: it is not a regular file", "c.yml"],
  ]);
});

for (
  const [what, text, expected] of [
    ["no YAML", "all: b: c\n", ["hosts.yml:1:7: not YAML"]],
    ["a tab", "all:\n\tvars: {}\n", ["hosts.yml:2:1: not YAML: a tab", "expected spaces"]],
    ["nothing", "# nothing\n", ["hosts.yml: the inventory is empty"]],
    ["a list", "- a\n", ["hosts.yml:1:1: the inventory is not a map of groups"]],
    ["a plugin", "plugin: aws_ec2\n", ["hosts.yml:1:1: this configures an inventory plugin"]],
    [
      "a duplicate key",
      SMALL.replace("        nuc:", "        dgx: {}\n        dgx: {}\n        nuc:"),
      ["hosts.yml:9:9: the key dgx appears twice", 'got "dgx"'],
    ],
    ["hosts as a list", "all:\n  hosts: [a]\n", ["hosts.yml:2:10: hosts of the group all: a list"]],
    ["a word for variables", "all: {vars: {}, hosts: {a: b}}\n", [
      'hosts.yml:1:28: the variables of the host a are not a map, got "b"',
    ]],
    ["a group in itself", "all: {children: {a: {children: {a: {}}}}}\n", ["its own ancestor"]],
    ["a bad quantity", SMALL.replace('"4"', "lots"), [
      'hosts.yml:16:25: bad value for reserved_cpu of dgx, got "lots"; expected a quantity',
    ]],
    ["bytes instead of memory", SMALL.replace('cpu: "4"', 'memory: "8"'), [
      'bad value for reserved_memory of dgx, got "8"; expected a quantity of memory',
    ]],
    ["a wrong type", SMALL.replace('reserved_cpu: "4"', "gpu: maybe"), [
      'hosts.yml:16:16: bad value for gpu of dgx, got "maybe"; expected true or false',
    ]],
    ["more weight than the user's session", SMALL.replace('reserved_cpu: "4"', "cpu_weight: 101"), [
      'bad value for cpu_weight of dgx, got "101"; expected a whole number from 1 to 100, or 0',
    ]],
    [
      "a limit that is no quantity",
      SMALL.replace('reserved_cpu: "4"', "default_limits: {memory: much}"),
      [
        'bad value for default_limits.memory of dgx, got "much"; expected a quantity of memory',
      ],
    ],
    [
      "a limit of something else",
      SMALL.replace('reserved_cpu: "4"', 'default_limits: {gpu: "1"}'),
      [
        'hosts.yml:16:28: default_limits of dgx has an unknown key, got "gpu"; expected limits such as',
      ],
    ],
    ["a label that is no text", SMALL.replace('reserved_cpu: "4"', "node_labels: {a: true}"), [
      'hosts.yml:16:28: bad value for node_labels.a of dgx, got "true"; expected a label value',
    ]],
    ["a bad label key", SMALL.replace('reserved_cpu: "4"', 'node_labels: {"a b": c}'), [
      "hosts.yml:16:25: bad value for node_labels.a b of dgx",
      "expected a label key",
    ]],
    ["a part that is missing", SMALL.replace('reserved_cpu: "4"', "node_taints: [{key: a}]"), [
      "hosts.yml:16:25: node_taints.0.effect of dgx is missing; expected NoSchedule,",
    ]],
    ["a bad taint", SMALL.replace('reserved_cpu: "4"', "node_taints: [{key: a, effect: No}]"), [
      'node_taints.0.effect of dgx, got "No"; expected NoSchedule, PreferNoSchedule, NoExecute',
    ]],
    ["a bad version", SMALL.replace("v1.36.3+k3s1", "1.36"), [
      'hosts.yml:4:18: bad value for k3s_version of all, got "1.36"; expected a k3s release',
    ]],
    ["IPv6", SMALL.replaceAll("100.64.0.3", "fd7a::3"), [
      'tailscale_ip of dgx, got "fd7a::3"; expected an IPv4 address',
    ]],
    ["an address outside", SMALL.replaceAll("100.64.0.3", "192.168.0.3"), [
      'is outside tailscale_network, got "192.168.0.3"; expected an address in 100.64.0.0/10',
    ]],
    ["one address for two", SMALL.replaceAll("100.64.0.3", "100.64.0.1"), [
      'hosts.yml:15:25: dgx and nuc (line 8) have the same tailscale_ip, got "100.64.0.1"',
    ]],
    ["a name that is a number to Ansible", SMALL.replace("        dgx:", "        0x1F:"), [
      'hosts.yml:13:9: a name that Ansible reads as a number, got "0x1F"; expected quotes around it',
    ]],
    ["a name that is a boolean to Ansible", SMALL.replace("        dgx:", "        on:"), [
      'hosts.yml:13:9: a name that Ansible reads as the boolean true, got "on"',
    ]],
    ["a name that is a date to Ansible", SMALL.replace("        dgx:", "        2024-01-01:"), [
      'hosts.yml:13:9: a name that Ansible reads as a date, got "2024-01-01"',
    ]],
    ["a group that is a number to Ansible", SMALL.replace("    workers:", "    1_000:"), [
      "hosts.yml:11:5: a name that Ansible reads as a number",
    ]],
    ["a name that is Ansible's own", SMALL.replace("        dgx:", "        ungrouped:"), [
      "hosts.yml:13:9: ungrouped cannot be the name of a node",
    ]],
    ["a name that is this machine's", SMALL.replace("        dgx:", "        localhost:"), [
      "localhost cannot be the name of a node",
    ]],
    ["a name that is a group's", SMALL.replace("        dgx:", "        workers:"), [
      "hosts.yml:13:9: workers cannot be the name of a node",
      "expected another name than that of a group",
    ]],
    ["a name of 64 letters", SMALL.replace("        dgx:", `        ${"a".repeat(64)}:`), [
      "expected at most 63 characters",
    ]],
    ["an upper-case prefix", SMALL.replace('reserved_cpu: "4"', 'node_labels: {Ex.com/a: "1"}'), [
      "expected a prefix in lower case: ex.com/a",
    ]],
    [
      "pods among the services",
      SMALL.replace("vars:", "vars:\n    k3s_cluster_cidr: 10.43.128.0/17"),
      [
        "hosts.yml:4:23: k3s_cluster_cidr overlaps the network of the services (k3s_service_cidr), got " +
        '"10.43.128.0/17"; expected a network that shares no address with 10.43.0.0/16',
      ],
    ],
    [
      "services in the tailnet",
      SMALL.replace("vars:", "vars:\n    k3s_service_cidr: 100.96.0.0/12"),
      [
        "k3s_service_cidr overlaps the network of the tailnet (tailscale_network)",
      ],
    ],
    ["one node name for two", SMALL.replace("        dgx:", "        NUC:"), [
      "NUC and nuc (line 8) have the same name of the node",
    ]],
    ["a name that is no node's", SMALL.replace("        dgx:", "        _dgx_:"), [
      "_dgx_ cannot be the name of a node",
    ]],
    [
      "an unknown role of what is described as a node",
      SMALL.replace("    workers:", "    workerz:"),
      [
        'dgx is in no group that gives it a role, got "workerz"; expected the group control_plane',
      ],
    ],
    [
      "no address",
      SMALL.replace("          ansible_host: 100.64.0.3\n          tailscale_ip: 100.64.0.3\n", ""),
      ["hosts.yml:13:9: dgx has no tailscale_ip"],
    ],
    ["an alias without anchor", "all: {vars: *x}\n", ["the alias *x has no anchor"]],
  ] as const
) {
  Deno.test(`${what} is refused with its place`, async () => {
    const rendered = await report(text);
    for (const part of expected) assert.ok(rendered.includes(part), rendered);
  });
}

Deno.test("all problems come at once, of every file", async () => {
  const text = SMALL.replace('"4"', "lots").replace("v1.36.3+k3s1", "latest");
  const rendered = await report(text, { "host_vars/dgx.yml": "gpu: 7\n" });
  assert.match(rendered, /3 problems/);
  assert.ok(rendered.includes("host_vars/dgx.yml:1:6: bad value for gpu"), rendered);
});

Deno.test("a file of variables that cannot be used is a problem with its place", async () => {
  for (
    const [text, message] of [
      ["a: *x\n", "group_vars/all.yml:1:4: the alias *x has no anchor"],
      ["- a\n", "group_vars/all.yml:1:1: the file holds no variables"],
      ["? {a: b}\n: c\n", "group_vars/all.yml:1:3: a key that is not a single value"],
      ["a: [\n", "group_vars/all.yml:2:1: not YAML"],
    ] as const
  ) {
    const rendered = await report(SMALL, { "group_vars/all.yml": text });
    assert.ok(rendered.includes(message), rendered);
  }
});

Deno.test("templates and encrypted values are not judged", async () => {
  await using inventory = await temporaryInventory(
    SMALL.replace('"4"', '"{{ cores }}"').replaceAll("100.64.0.3", '"{{ address }}"'),
    { "group_vars/all.yml": "$ANSIBLE_VAULT;1.1;AES256\n6162\n" },
  );
  const { problems, warnings } = await checkInventory(inventory.file);
  assert.deepEqual(problems, []);
  assert.ok(warnings.some(({ message }) => message.includes("encrypted")));
});

Deno.test("an even number of servers and none at all are warned of", async () => {
  const two = SMALL.replace("workers:", "masters:");
  await using inventory = await temporaryInventory(two);
  const { inventory: read, warnings } = await checkInventory(inventory.file);
  assert.ok(warnings.some(({ value }) => value === "2"), JSON.stringify(warnings));
  assert.equal(hostsOf(read!, "control-plane").length, 2);
  await using none = await temporaryInventory(SMALL.replace("control_plane:", "agents:"));
  const without = await readInventory(none.file);
  assert.ok(without.warnings.some(({ message }) => message.includes("no control plane yet")));
  assert.throws(() => requireProvisionable(without), { exitCode: 2 });
});

Deno.test("without k3s_version nothing is provisioned", async () => {
  await using inventory = await temporaryInventory(SMALL.replace("k3s_version:", "other:"));
  const read = await readInventory(inventory.file);
  assert.throws(() => requireProvisionable(read), { message: /k3s_version/ });
});

for (
  const [what, name, text, message] of [
    ["INI with sections", "hosts", "[servers]\na ansible_host=1.2.3.4\n", /is an INI inventory/],
    ["INI with hosts", "hosts", "a ansible_host=1.2.3.4\n", /is an INI inventory/],
    ["an empty INI", "hosts.ini", "", /is an INI inventory/],
    ["INI that begins with a bare host", "hosts", "10.0.0.1\n\n[node]\n10.0.0.2\n", /is an INI/],
    ["bytes that are no text", "h.yml", "\xff\xfe", /is not a valid inventory/],
    ["a file that is encrypted", "h.yml", "$ANSIBLE_VAULT;1.1;AES256\n61\n", /is not a valid/],
  ] as const
) {
  Deno.test(`${what} is explained, exit code 2`, async () => {
    await using inventory = await temporaryInventory("");
    const path = `${inventory.directory}/${name}`;
    await Deno.writeFile(path, Uint8Array.from(text, (character) => character.charCodeAt(0)));
    await assert.rejects(readInventory(path), { exitCode: 2, message });
  });
}

Deno.test("a directory and a missing file are explained, exit code 2", async () => {
  await using inventory = await temporaryInventory(SMALL);
  await assert.rejects(readInventory(inventory.directory), {
    exitCode: 2,
    message: /is a directory/,
  });
  await assert.rejects(readInventory(`${inventory.directory}/none.yml`), {
    exitCode: 2,
    message: /There is no inventory/,
  });
});

Deno.test("what is no regular file is refused, exit code 2, and not waited for", async () => {
  await assert.rejects(readInventory("/dev/null"), {
    exitCode: 2,
    message: /is not a regular file/,
  });
});

Deno.test("no variable of the whole cluster may be set for one host", async () => {
  for (const name of CLUSTER_VARIABLES) {
    await using inventory = await temporaryInventory(
      SMALL.replace('reserved_cpu: "4"', `${name}: "{{ other }}"`),
    );
    const { problems } = await checkInventory(inventory.file);
    assert.deepEqual(problems.map(({ message, where }) => [message, where?.line]), [
      [`${name} applies to the whole cluster, not to one host`, 16],
    ]);
  }
});
