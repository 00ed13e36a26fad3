import assert from "node:assert/strict";
import fc from "fast-check";
import { parse } from "yaml";
import {
  addHost,
  type Edit,
  removeHost,
  setVariable,
  unsetVariable,
} from "../../src/inventory/edit.ts";
import { InventoryFiles } from "../../src/inventory/inventory_files.ts";
import { type LoadedContent, loadInventory } from "../../src/inventory/load.ts";
import { resolveScope } from "../../src/inventory/scope.ts";
import { parseYaml } from "../../src/inventory/yaml_tree.ts";
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
      // An empty map is written out as {} when its last host goes, however it was written before.
      fc.pre(workers.length > 0);
      const after = textOf(addHost(load(text), added));
      assert.equal(textOf(removeHost(load(after), added.name)), text);
    }),
    RUNS,
  );
});

Deno.test("P20 inventory update keeps every other byte: removing a host", () => {
  fc.assert(
    fc.property(inventories, fc.nat(), ({ text, servers, workers }, seed) => {
      const all = [...servers, ...workers];
      const name = all[seed % all.length]!;
      const after = textOf(removeHost(load(text), name));
      const group = servers.includes(name) ? "control_plane" : "workers";
      const expected = values(text);
      delete expected.all.children[group].hosts[name];
      assert.deepEqual(values(after), expected);
      // What is left is the text with one piece cut out, and perhaps {} for the map it emptied.
      const emptied = Object.keys(expected.all.children[group].hosts).length === 0;
      const kept = commonEnds(text, emptied ? after.replace("hosts: {}", "hosts:") : after);
      assert.ok(kept >= (emptied ? after.length - 3 : after.length), after);
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
