import assert from "node:assert/strict";
import type { YamlNode } from "../../src/yaml/node.ts";
import { parseYaml } from "../../src/yaml/tree.ts";
import { Values } from "../../src/yaml/read_value.ts";

/** Every scalar and collection with the text its range covers, depth first. */
function ranges(text: string): string[] {
  const document = parseYaml(text, "f.yml");
  assert.deepEqual(document.problems, []);
  const visit = (node: YamlNode): string[] => {
    const own = `${node.kind} ${text.slice(node.start, node.end)}`;
    if (node.kind === "map") {
      return [own, ...node.entries.flatMap(({ key, value }) => [...visit(key), ...visit(value)])];
    }
    return node.kind === "seq" ? [own, ...node.items.flatMap(visit)] : [own];
  };
  return visit(document.root!);
}

function valueOf(text: string): unknown {
  const document = parseYaml(text, "f.yml");
  assert.deepEqual(document.problems, []);
  return new Values(document).of(document.root!);
}

Deno.test("ranges cover anchors, tags and quotes, not comments", () => {
  assert.deepEqual(ranges("a: &x !t 'one' # c\nb: *x\n"), [
    "map a: &x !t 'one' # c\nb: *x",
    "scalar a",
    "scalar &x !t 'one'",
    "scalar b",
    "alias *x",
  ]);
});

Deno.test("a value that is not there has an empty range behind the colon", () => {
  const document = parseYaml("a:   # c\nb: {c: , d}\n", "f.yml");
  assert.equal(document.root?.kind, "map");
  const [a, b] = document.root.kind === "map" ? document.root.entries : [];
  assert.deepEqual([a?.value.start, a?.value.end], [2, 2]);
  assert.ok(b?.value.kind === "map");
  assert.deepEqual(b.value.entries.map(({ value }) => [value.start, value.end]), [[15, 15], [
    19,
    19,
  ]]);
});

Deno.test("block scalars end with their text, blank lines count only with +", () => {
  assert.deepEqual(ranges("a: |\n  x\n\n\nb: |+\n  y\n\nc: >-\n\n  z\n"), [
    "map a: |\n  x\n\n\nb: |+\n  y\n\nc: >-\n\n  z",
    "scalar a",
    "scalar |\n  x",
    "scalar b",
    "scalar |+\n  y\n",
    "scalar c",
    "scalar >-\n\n  z",
  ]);
});

Deno.test("brackets are found behind comments, commas and line ends", () => {
  assert.deepEqual(ranges("a: [1, {b: c}, # ]\r\n  d, # }\r\n  ]\r\nz: 1\r\n").slice(1, 6), [
    "scalar a",
    "seq [1, {b: c}, # ]\r\n  d, # }\r\n  ]",
    "scalar 1",
    "map {b: c}",
    "scalar b",
  ]);
});

Deno.test("closing brackets may stand as far left as PyYAML lets them", () => {
  const text =
    "all:\n  vars: {\n    a: 1, # one\n    b: [\n  2\n  ]\n  }\n  text: |\n    {\n    }\n";
  assert.deepEqual(valueOf(text), { all: { vars: { a: 1, b: [2] }, text: "{\n}\n" } });
  assert.ok(ranges(text).includes("map {\n    a: 1, # one\n    b: [\n  2\n  ]\n  }"));
});

Deno.test("a byte order mark and a document marker are no content", () => {
  assert.deepEqual(ranges("\ufeff---\na: 1\n...\n")[0], "map a: 1");
  assert.equal(parseYaml("--- # nothing\n", "f.yml").root, undefined);
  assert.equal(parseYaml("# nothing\n", "f.yml").root, undefined);
});

Deno.test("an alias stands for the anchor before it", () => {
  assert.deepEqual(valueOf("a: &x 1\nb: *x\nc: &x 2\nd: *x\n"), { a: 1, b: 1, c: 2, d: 2 });
});

for (
  const [what, text, line, column, message] of [
    ["a tab in the indentation", "a:\n\tb: 1\n", 2, 1, /tab/],
    ["a tab behind spaces", "a:\n  \tb: 1\n", 2, 3, /tab/],
    ["no YAML at all", "a: b: c\n", 1, 5, /not YAML/],
    ["an open bracket", "a: [1, 2\n", 2, 1, /not YAML/],
    ["an open quote", 'a: "x\n', 2, 1, /not YAML/],
    ["a duplicate key", "a: 1\nb: 2\na: 3\n", 3, 1, /key a appears twice/],
    ["a duplicate key in braces", "x: {k: 1, k: 2}\n", 1, 11, /key k appears twice/],
  ] as const
) {
  Deno.test(`${what} is a problem with its place`, () => {
    const { problems } = parseYaml(text, "f.yml");
    assert.equal(problems.length, 1);
    const [problem] = problems;
    assert.match(problem!.message, message);
    assert.deepEqual(problem!.where, { file: "f.yml", line, column });
  });
}

Deno.test("a second document is a problem, as Ansible reads only one", () => {
  assert.match(parseYaml("a: 1\n---\nb: 2\n", "f.yml").problems[0]!.message, /more than one/);
});

Deno.test("a problem never repeats a line that holds a secret", () => {
  const [problem] = parseYaml("k3s_token: abc: def\n", "f.yml").problems;
  assert.equal(JSON.stringify(problem).includes("def"), false);
});
