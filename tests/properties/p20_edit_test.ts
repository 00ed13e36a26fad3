import assert from "node:assert/strict";
import fc from "fast-check";
import { parse } from "yaml";
import {
  addHost,
  type Edit,
  removeHosts,
  setVariable,
  setVariables,
  unsetVariable,
} from "../../src/inventory/edit/edit.ts";
import { InventoryFiles } from "../../src/inventory/read/inventory_files.ts";
import { type LoadedContent, loadInventory } from "../../src/inventory/read/read.ts";
import { resolveScope } from "../../src/inventory/edit/scope.ts";
import { parseYaml } from "../../src/yaml/tree.ts";
import { inventories } from "./inventory_text.ts";

const FILE = "/nowhere/hosts.yml";
const RUNS = { numRuns: 300 };

const host = fc.record({
  role: fc.constantFrom("control-plane" as const, "worker" as const),
  name: fc.constantFrom("dgx", "new-host.example", "x1"),
  vars: fc.record({
    ansible_host: fc.constant("100.64.9.9"),
    tailscale_ip: fc.constant("100.64.9.9"),
    reserved_cpu: fc.constantFrom("4", "500m"),
    gpu: fc.boolean(),
    node_labels: fc.constantFrom({ workstation: "true" }, { "example.com/x": "", y: "007" }),
    node_taints: fc.constantFrom(
      [{ key: "nvidia.com/gpu", value: "true", effect: "NoSchedule" }],
      [{ key: "a", effect: "NoExecute" }, { key: "b", value: "1", effect: "NoSchedule" }],
    ),
  }, { requiredKeys: ["ansible_host", "tailscale_ip"], noNullPrototype: true }),
});

/** Any text, but what cannot stand in YAML at all. */
const anyText = fc.string({ unit: "grapheme", maxLength: 30 })
  .map((text) => text.replace(/[\ud800-\udfff](?![\udc00-\udfff])/g, ""));

Deno.test("P20 inventory update keeps every other byte: adding a host", () => {
  fc.assert(
    fc.property(inventories, host, ({ text }, added) => {
      const content = load(text);
      const after = textOf(addHost(content, added));
      assertInserted(text, after);
      const group = added.role === "worker" ? "workers" : "control_plane";
      const expected = values(text);
      expected.all.children[group].hosts = {
        ...expected.all.children[group].hosts,
        [added.name]: added.vars,
      };
      assert.deepEqual(values(after), expected);
    }),
    RUNS,
  );
});

Deno.test("P20 inventory update keeps every other byte: adding and removing is nothing", () => {
  fc.assert(
    fc.property(inventories, host, ({ text, workers }, added) => {
      const after = textOf(addHost(load(text), added));
      // A group that loses its last host says so, however it was written before.
      const expected = added.role === "worker" && workers.length === 0
        ? text.replace(/(workers:\s+hosts:)(?: \{\}| ~| null)?(?=\r?\n|$)/, "$1 {}")
        : text;
      assert.equal(textOf(removeHosts(load(after), [added.name])), expected);
    }),
    RUNS,
  );
});

const LINES = `all:
  vars:
    k3s_version: v1.36.3+k3s1
  children:
    control_plane:
      hosts:
        nuc:
          ansible_host: 100.64.0.1
    workers:
      hosts:
        dgx:
          ansible_host: 100.64.0.3
          node_labels: {disk: ssd}
        pi: {ansible_host: 100.64.0.4}
`.split("\n").slice(0, -1);

/** Comments anywhere, some of which name what is added, or look like it. */
const commented = fc.array(
  fc.record({
    line: fc.nat(LINES.length),
    indent: fc.nat(6).map((step) => " ".repeat(step * 2)),
    text: fc.constantFrom(
      ...["# foo", "# foo: 1", "#foo is for later", "# dgx-2:", "#   ansible_host: 100.64.9.9"],
      ...["# dgx-2 comes on Monday", "# nuc and pi share a shelf", "# release", "#", ""],
    ),
  }),
  { maxLength: 8 },
).map((comments) =>
  [...LINES, ""].flatMap((line, at) => [
    ...comments.filter((each) => each.line === at).map(({ indent, text }) => indent + text),
    line,
  ]).join("\n")
);

Deno.test("P20 inventory update keeps every other byte: a change taken back is nothing, whatever comments say", () => {
  fc.assert(
    fc.property(
      commented,
      fc.constantFrom("all", "control_plane", "workers", "nuc", "dgx", "pi"),
      fc.constantFrom(["foo"], ["foo", "bar"], ["node_labels", "foo"], ["node_annotations", "foo"]),
      fc.constantFrom("control-plane" as const, "worker" as const),
      (text, scopeName, [variable, ...members], role) => {
        const key = { variable: variable!, members };
        const first = load(text);
        const scope = resolveScope(first, scopeName);
        const second = load(textOf(setVariable(first, { scope, key, value: "x" })));
        const unset = unsetVariable(second, { scope: resolveScope(second, scopeName), key });
        assert.equal(textOf(unset), text);
        const added = addHost(load(text), {
          name: "dgx-2",
          role,
          vars: { tailscale_ip: "100.64.9.9" },
        });
        assert.equal(textOf(removeHosts(load(textOf(added)), ["dgx-2"])), text);
      },
    ),
    RUNS,
  );
});

Deno.test("P20 inventory update keeps every other byte: what was made for it goes with it", () => {
  const text = LINES.slice(0, 8).join("\n") + "\n";
  const added = addHost(load(text), {
    name: "pi",
    role: "worker",
    vars: { tailscale_ip: "100.64.0.4" },
  });
  assert.equal(textOf(removeHosts(load(textOf(added)), ["pi"])), text);
  const scopeOf = (content: LoadedContent) => resolveScope(content, "workers");
  const key = { variable: "foo", members: ["bar"] };
  const first = load(text);
  const set = load(textOf(setVariable(first, { scope: scopeOf(first), key, value: 1 })));
  assert.equal(textOf(unsetVariable(set, { scope: scopeOf(set), key })), text);
});

Deno.test("P20 inventory update keeps every other byte: no empty map is left behind", () => {
  const text = LINES.join("\n").replace("\n  children", "\n    limits:\n      cpu: 1\n  children");
  const unset = (scopeName: string, variable: string, member: string) => {
    const content = load(text);
    const scope = resolveScope(content, scopeName);
    return textOf(unsetVariable(content, { scope, key: { variable, members: [member] } }));
  };
  assert.equal(
    unset("dgx", "node_labels", "disk"),
    text.replace("          node_labels: {disk: ssd}\n", ""),
  );
  assert.equal(unset("all", "limits", "cpu"), text.replace("    limits:\n      cpu: 1\n", ""));
});

Deno.test("P20 inventory update keeps every other byte: removing a host", () => {
  fc.assert(
    fc.property(inventories, fc.nat(), ({ text, servers, workers }, seed) => {
      const all = [...servers, ...workers];
      const name = all[seed % all.length]!;
      const after = textOf(removeHosts(load(text), [name]));
      const group = servers.includes(name) ? "control_plane" : "workers";
      const expected = values(text);
      const { hosts } = expected.all.children[group];
      delete hosts[name];
      const result = values(after);
      // Nothing, where a comment in it stands for the hosts.
      if (Object.keys(hosts).length === 0) result.all.children[group].hosts ??= {};
      assert.deepEqual(result, expected);
      // What is left is the text with one piece cut out, and perhaps {} for the map it emptied.
      const left = after.replace(/hosts: \{\}/g, "hosts:");
      const before = text.replace(/hosts: \{\}/g, "hosts:");
      assert.ok(commonEnds(before, left) >= left.length, after);
      for (const words of ["# between", "# the end", "# top", "# for all"]) {
        assert.equal(after.split(words).length, text.split(words).length);
      }
    }),
    RUNS,
  );
});

Deno.test("P20 inventory update keeps every other byte: setting a variable", () => {
  fc.assert(
    fc.property(
      inventories,
      fc.constantFrom("all", "control_plane", "workers", "server-0"),
      fc.constantFrom("cluster_note", "rack", "note"),
      fc.oneof(anyText, fc.integer(), fc.boolean(), fc.constant(null)),
      ({ text }, scopeName, variable, value) => {
        const content = load(text);
        const scope = resolveScope(content, scopeName);
        const before = content.variables;
        const own = scope.kind === "host"
          ? before.ownOfHost(scope.places)[0]!.get(variable)
          : before.ownOfGroup(scope.name)[0]!.get(variable);
        const key = { variable, members: [] };
        const after = textOf(setVariable(content, { scope, key, value }));
        if (own === undefined) assertInserted(text, after);
        else {
          const { start, end } = own.node;
          assert.equal(after.slice(0, start), text.slice(0, start));
          assert.ok(after.endsWith(text.slice(end)), after);
        }
        const expected = values(text);
        const target = scopeName === "all"
          ? expected.all
          : scopeName === "server-0"
          ? expected.all.children.control_plane.hosts
          : expected.all.children[scopeName];
        const member = scopeName === "server-0" ? "server-0" : "vars";
        target[member] = { ...target[member], [variable]: value };
        assert.deepEqual(values(after), expected);
      },
    ),
    RUNS,
  );
});

Deno.test("P20 several settings in one edit are the same as one edit after another", () => {
  const setting = fc.record({
    scope: fc.constantFrom("all", "control_plane", "workers", "server-0"),
    variable: fc.constantFrom("rack", "note", "cluster_note"),
    value: fc.oneof(anyText, fc.integer(), fc.boolean()),
  });
  fc.assert(
    fc.property(inventories, fc.array(setting, { maxLength: 5 }), ({ text }, settings) => {
      const planned = (content: LoadedContent) => (each: typeof settings[number]) => ({
        scope: resolveScope(content, each.scope),
        key: { variable: each.variable, members: [] },
        value: each.value,
      });
      const content = load(text);
      const single = settings.reduce((content, each) => {
        return load(textOf(setVariable(content, planned(content)(each))));
      }, content);
      const { documents } = setVariables(content, settings.map(planned(content)));
      assert.equal(documents.get(FILE)?.text ?? text, single.document.text);
    }),
    RUNS,
  );
});

Deno.test("P20 inventory update keeps every other byte: setting and unsetting is nothing", () => {
  fc.assert(
    fc.property(inventories, anyText, ({ text }, value) => {
      const key = { variable: "brand_new", members: [] };
      const first = load(text);
      const set = textOf(setVariable(first, { scope: resolveScope(first, "all"), key, value }));
      const second = load(set);
      const scope = resolveScope(second, "all");
      assert.equal(textOf(unsetVariable(second, { scope, key })), text);
    }),
    RUNS,
  );
});

function load(text: string): LoadedContent {
  const document = parseYaml(text, FILE);
  const files = new InventoryFiles({ over: new Map([[FILE, document]]) });
  const { content, problems } = loadInventory(FILE, files);
  assert.deepEqual(problems, []);
  return content!;
}

function textOf({ documents }: Edit): string {
  return documents.get(FILE)!.text;
}

/** What another reader makes of a text. */
// deno-lint-ignore no-explicit-any
function values(text: string): any {
  return parse(text, { version: "1.1", merge: true, uniqueKeys: true });
}

/** All of the old text is there, in one or two pieces around what is new. */
function assertInserted(before: string, after: string): void {
  // `{}`, `~` and `null` give way to what was put into them.
  const replaced = / (?:\{\}|~|null)(?=\r?\n|$)/;
  const least = replaced.test(before) ? before.length - 5 : before.length;
  assert.ok(commonEnds(before, after) >= Math.min(least, before.length), after);
}

/** Length of the common beginning and, behind it, the common end. */
function commonEnds(a: string, b: string): number {
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let end = 0;
  const most = Math.min(a.length, b.length) - start;
  while (end < most && a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
  return start + end;
}

Deno.test("P20 inventory update keeps every other byte: in inventories as people publish them", () => {
  for (
    const text of [
      "---\nmetal:\n  children:\n    workers:\n      hosts: {}\n    masters:\n      hosts:\n" +
      "        a: {ansible_host: 100.64.0.1}\n",
      "---\nmetal:\n  hosts:\n    kronos:\n      ansible_host: 192.168.20.4\n",
      "master:\n  hosts:\n    a:\n      ansible_host: 100.64.0.1\n  vars:\n    x: 1\n",
      "all:\n  children:\n    k3s_servers:\n      hosts:\n        # Add server nodes here\n",
    ]
  ) {
    const vars = { tailscale_ip: "100.64.9.9" };
    for (const role of ["worker", "control-plane"] as const) {
      const added = textOf(addHost(load(text), { name: "zz", role, vars }));
      assert.equal(textOf(removeHosts(load(added), ["zz"])), text);
    }
    const scope = { kind: "group", name: "all" } as const;
    const key = { variable: "foo", members: [] };
    const set = textOf(setVariable(load(text), { scope, key, value: "x" }));
    assert.equal(textOf(unsetVariable(load(set), { scope, key })), text);
  }
});
