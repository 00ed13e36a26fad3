import assert from "node:assert/strict";
import {
  addHost,
  changeHost,
  removeHosts,
  setVariable,
  setVariables,
  unsetVariable,
} from "../../../src/inventory/edit/edit.ts";
import { InventoryFiles } from "../../../src/inventory/read/inventory_files.ts";
import { type LoadedContent, loadInventory } from "../../../src/inventory/read/read.ts";
import { resolveScope } from "../../../src/inventory/edit/scope.ts";
import { parseYaml } from "../../../src/yaml/tree.ts";

const FILE = "/nowhere/hosts.yml";
const VARS = { tailscale_ip: "100.64.0.9" };

function load(text: string): LoadedContent {
  const files = new InventoryFiles({ over: new Map([[FILE, parseYaml(text, FILE)]]) });
  return loadInventory(FILE, files).content!;
}

function added(text: string, role: "worker" | "control-plane"): string {
  return addHost(load(text), { name: "new", role, vars: VARS }).documents.get(FILE)!.text;
}

const HOST = "{tailscale_ip: 100.64.0.1}";

Deno.test("a new host goes into the group that has its role in this inventory", () => {
  const text = `k3s_cluster:
  children:
    server:
      hosts:
        a: ${HOST}
    agent:
      hosts:
`;
  assert.equal(
    added(text, "worker"),
    `${text}        new:\n          tailscale_ip: 100.64.0.9\n`,
  );
});

for (
  const [there, made] of [
    ["server", "agent"],
    ["master", "node"],
    ["kube_control_plane", "kube_node"],
    ["control_plane", "workers"],
  ] as const
) {
  Deno.test(`beside ${there} the group of workers is called ${made}, and lies beside it`, () => {
    const content = load(`x:\n  children:\n    ${there}:\n      hosts: {a: ${HOST}}\n`);
    const { documents, notes } = addHost(content, { name: "new", role: "worker", vars: VARS });
    const after = load(documents.get(FILE)!.text);
    assert.deepEqual(after.places.get("new")?.[0]?.path, ["x", "children", made, "hosts", "new"]);
    assert.deepEqual(after.inventory.hosts.map(({ role }) => role), ["control-plane", "worker"]);
    assert.match(notes.join(), new RegExp(`group ${made} is new`));
  });
}

Deno.test("groups at the top of the file get company there", () => {
  const after = load(added(`control_plane:\n  hosts: {a: ${HOST}}\n`, "worker"));
  assert.deepEqual(after.places.get("new")?.[0]?.path, ["workers", "hosts", "new"]);
});

Deno.test("the first host of an inventory that says next to nothing", () => {
  for (const text of ["all:\n", "all: {}\n", "all:\n  children:\n", "all:\n  vars: {a: 1}\n"]) {
    const after = load(added(text, "control-plane"));
    assert.deepEqual(after.inventory.hosts.map(({ name, role }) => [name, role]), [
      ["new", "control-plane"],
    ]);
  }
});

Deno.test("a group that is written twice gets the host where its hosts are", () => {
  const text = `all:
  children:
    prod:
      children:
        workers:
    workers:
      hosts:
        a: ${HOST}
`;
  assert.ok(
    added(text, "worker").endsWith(
      "        a: {tailscale_ip: 100.64.0.1}\n" +
        "        new: {tailscale_ip: 100.64.0.9}\n",
    ),
  );
});

Deno.test("a host leaves every group it is in", () => {
  const text = `all:
  children:
    workers:
      hosts:
        a: ${HOST}
        b: {tailscale_ip: 100.64.0.2}
    racks:
      hosts:
        a: # first rack
        b:
`;
  const after = removeHosts(load(text), ["a"]).documents.get(FILE)!.text;
  assert.equal(after, text.replace(`        a: ${HOST}\n`, "").replace(/ {8}a: #.*\n/, ""));
  assert.throws(() => removeHosts(load(text), ["c"]), { exitCode: 2 });
});

Deno.test("a host that comes from an alias is not removed", () => {
  const text = `all:
  children:
    control_plane: {hosts: &h {a: ${HOST}}}
    racks: {hosts: *h}
`;
  assert.throws(() => removeHosts(load(text), ["a"]), {
    exitCode: 2,
    message: /nothing was written/,
  });
});

Deno.test("scopes are roles, groups and hosts by any name", () => {
  const content = load(`all: {children: {server: {hosts: {a: ${HOST}}}, agent: {}}}\n`);
  assert.equal(resolveScope(content, "control_plane").name, "server");
  assert.equal(resolveScope(content, "workers").name, "agent");
  assert.equal(resolveScope(content, "a").kind, "host");
  assert.throws(() => resolveScope(content, "b"), { exitCode: 2 });
});

Deno.test("a variable of a group that does not exist yet makes the group", () => {
  const content = load(`all:\n  children:\n    control_plane: {hosts: {a: ${HOST}}}\n`);
  const key = { variable: "reserved_cpu", members: [] };
  const scope = resolveScope(content, "workers");
  const { documents } = setVariable(content, { scope, key, value: "1" });
  assert.deepEqual(
    load(documents.get(FILE)!.text).variables.ofGroup("workers").get("reserved_cpu")
      ?.value,
    "1",
  );
});

/** A file with comments at the ends of its maps, and a host that is commented out. */
const COMMENTED = `all:
  vars:
    # release
    k3s_version: v1.33.1+k3s1
    # extra_args: "--disable traefik"
  children:
    control_plane:
      hosts:
        # rack
        n1:
          ansible_host: 100.64.0.1
    workers:
      hosts:
        # desk
        n2:
          ansible_host: 100.64.0.2
        # n3 is out for repair
        # n3:
        #   ansible_host: 100.64.0.3
        n4:
          ansible_host: 100.64.0.4
`;

Deno.test("comments that do not name what is removed stay", () => {
  const N4 = "        n4:\n          ansible_host: 100.64.0.4\n";
  const removed = (text: string, name: string) =>
    removeHosts(load(text), [name]).documents.get(FILE)!.text;
  assert.equal(removed(COMMENTED, "n4"), COMMENTED.replace(N4, ""));
  const ends = COMMENTED.replace(N4, "");
  const key = { variable: "foo", members: [] };
  const scope = { kind: "group", name: "all" } as const;
  for (const text of [COMMENTED, ends]) {
    const set = load(
      setVariable(load(text), { scope, key, value: 1 }).documents.get(FILE)!.text,
    );
    assert.equal(unsetVariable(set, { scope, key }).documents.get(FILE)!.text, text);
    assert.equal(removed(added(text, "worker"), "new"), text);
  }
});

Deno.test("a value that a host sets itself is changed there, though a range lists the host too", () => {
  const text = `all:
  children:
    fleet:
      hosts:
        n1: {ansible_host: 100.64.0.1}
        n2: {ansible_host: 100.64.0.2, reserved_memory: 2Gi}
    arm:
      hosts:
        n[1:2]: {rack: 1}
    server: {hosts: {n1: }}
    agent: {hosts: {n2: }}
`;
  const content = load(text);
  const scope = resolveScope(content, "n2");
  const set = (variable: string) =>
    setVariable(content, { scope, key: { variable, members: [] }, value: "3Gi" });
  assert.equal(set("reserved_memory").documents.get(FILE)!.text, text.replace("2Gi", "3Gi"));
  const key = { variable: "reserved_memory", members: [] };
  assert.equal(
    unsetVariable(content, { scope, key }).documents.get(FILE)!.text,
    text.replace(", reserved_memory: 2Gi", ""),
  );
  assert.throws(() => set("rack"), { exitCode: 2, message: /is set for the range n\[1:2\]/ });
});

Deno.test("several settings of a host in a range go into one new file, said once", () => {
  const content = load(`control_plane: {hosts: {"n[1:3]": {rack: 1}}}\n`);
  const scope = resolveScope(content, "n2");
  const settings = ["reserved_memory", "reserved_cpu"]
    .map((variable) => ({ scope, key: { variable, members: [] }, value: "1" }));
  const { documents, notes } = setVariables(content, settings);
  assert.deepEqual([...documents].map(([path, { text }]) => [path, text]), [
    ["/nowhere/host_vars/n2.yml", 'reserved_memory: "1"\nreserved_cpu: "1"\n'],
  ]);
  assert.equal(notes.length, 1);
});

Deno.test("a host keeps its variables and other groups under another role or name, and the rest of the file stays", () => {
  const text = `all:
  vars: {cluster_name: home} # kept
  children:
    control_plane:
      hosts:
        nuc: ${HOST}
        # the old one
        nas: # in the cellar
          tailscale_ip: 100.64.0.2 # fixed
          node_labels: {disk: hdd}
    workers:
      hosts:
        pi: {tailscale_ip: 100.64.0.3}
    cellar:
      hosts:
        "nas": {reserved_memory: 1Gi}
        pi:
`;
  const after = (to: Parameters<typeof changeHost>[2], name = "nas") => {
    const { documents, notes } = changeHost(load(text), name, to);
    return { content: load(documents.get(FILE)!.text), notes };
  };
  const host = ({ inventory }: LoadedContent, name: string) => {
    const { role, groups, vars } = inventory.hosts.find((each) => each.name === name)!;
    const own = [...vars].filter(([, { scope }]) => scope === name);
    return { role, groups: [...groups].sort(), vars: own.map(([key, { value }]) => [key, value]) };
  };
  const before = host(load(text), "nas");
  const worker = after({ role: "worker" });
  assert.deepEqual(host(worker.content, "nas"), {
    ...before,
    role: "worker",
    groups: ["cellar", "workers"],
  });
  const renamed = after({ name: "vault", vars: { tailscale_ip: "100.64.0.9" } });
  assert.deepEqual(host(renamed.content, "vault"), {
    ...before,
    vars: before.vars.map(([key, value]) =>
      key === "tailscale_ip" ? [key, "100.64.0.9"] : [key, value]
    ),
  });
  // Where a name changes, all else stays as it is written.
  assert.equal(
    after({ name: "vault" }).content.document.text,
    text.replace("nas: #", "vault: #").replace('"nas"', '"vault"'),
  );
  assert.deepEqual(renamed.notes, []);
  for (const { content } of [worker, renamed]) {
    assert.deepEqual(host(content, "nuc"), host(load(text), "nuc"));
    assert.match(content.document.text, /# kept\n/);
  }
  // The last one of its group, and back again.
  const none = after({ role: "control-plane" }, "pi");
  assert.equal(host(none.content, "pi").role, "control-plane");
  const back = changeHost(none.content, "pi", { role: "worker" });
  assert.equal(host(load(back.documents.get(FILE)!.text), "pi").role, "worker");
  for (const taken of ["nuc", "cellar"]) {
    assert.throws(() => after({ name: taken }), /already in the inventory/);
  }
});

Deno.test("a host whose variables only an editor can move is left alone", () => {
  const encrypted = "!vault |\n            $ANSIBLE_VAULT;1.1;AES256\n            6162\n";
  const sealed = "a:\n          ansible_become_password: " + encrypted +
    "          tailscale_ip: 100.64.0.1\n";
  for (const hosts of [sealed, "a[1:2]: {}\n"]) {
    const text = `all:\n  children:\n    workers:\n      hosts:\n        ${hosts}`;
    const content = load(text);
    const name = [...content.places.keys()][0]!;
    assert.throws(
      () => changeHost(content, name, { role: "control-plane" }),
      /nothing was written/,
    );
    const rename = () => changeHost(content, name, { name: "b" }).documents.get(FILE)!.text;
    if (hosts === sealed) assert.equal(rename(), text.replace(" a:", " b:"));
    else assert.throws(rename, /nothing was written/);
  }
});
