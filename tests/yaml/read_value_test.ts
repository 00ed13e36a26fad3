import assert from "node:assert/strict";
import { VaultValue, type YamlValue } from "../../src/yaml/yaml_value.ts";
import { parseYaml } from "../../src/yaml/tree.ts";
import { plainValue, sameValue, UnfoldError, Values } from "../../src/yaml/read_value.ts";

function valueOf(text: string): YamlValue {
  const document = parseYaml(text, "f.yml");
  return new Values(document).of(document.root!);
}

// What PyYAML 6.0 makes of the same texts.
for (
  const [text, value] of [
    ["yes", true],
    ["Off", false],
    ["y", "y"],
    ["010", 8],
    ["08", "08"],
    ["0o17", "0o17"],
    ["1:30", 90],
    ["1e3", "1e3"],
    ["1.5", 1.5],
    ["~", null],
    ["2024-01-01", "2024-01-01"],
    ["4Gi", "4Gi"],
    ["1_000", 1000],
  ] as const
) {
  Deno.test(`plain ${text} is what PyYAML makes of it`, () => {
    assert.equal(plainValue(text), value);
  });
}

Deno.test("merge keys give way to a map's own keys, the first of several wins", () => {
  const text = "a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\nc: {<<: [*a, *b], x: 9}\n";
  assert.deepEqual((valueOf(text) as { c: unknown }).c, { x: 9, y: 1, z: 2 });
});

Deno.test("values under Ansible's tags are left alone", () => {
  const value = valueOf("a: !vault |\n  $ANSIBLE_VAULT;1.1\n  61\nb: !unsafe '{{ x }}'\n") as {
    a: VaultValue;
    b: string;
  };
  assert.ok(value.a instanceof VaultValue);
  assert.equal(value.a.text, "$ANSIBLE_VAULT;1.1\n61\n");
  assert.equal(JSON.stringify(value.a), '"(vault)"');
  assert.equal(value.b, "{{ x }}");
});

Deno.test("an alias without an anchor, or to itself, is an error with its place", () => {
  for (const text of ["a: *x\n", "a: &x [*x]\n", "a: &x {<<: *x}\n"]) {
    assert.throws(() => valueOf(text), (error) => {
      assert.ok(error instanceof UnfoldError);
      assert.equal(error.problem.where?.line, 1);
      return true;
    });
  }
});

Deno.test("aliases that unfold without end are refused quickly", () => {
  const levels = Array.from({ length: 30 }, (_, at) => {
    const inner = at === 0 ? "x" : `*l${at - 1}, *l${at - 1}, *l${at - 1}`;
    return `l${at}: &l${at} [${inner}]`;
  });
  assert.throws(() => valueOf(levels.join("\n") + "\n"), /unfold to more than/);
});

Deno.test("equality looks at every level", () => {
  assert.ok(sameValue({ a: [1, { b: null }] }, { a: [1, { b: null }] }));
  assert.ok(!sameValue({ a: 1 }, { a: "1" }));
  assert.ok(!sameValue({ a: 1 }, { a: 1, b: 2 }));
  assert.ok(!sameValue([1], { 0: 1 }));
  assert.ok(sameValue(new VaultValue("!vault", "x"), new VaultValue("!vault", "x")));
  assert.ok(!sameValue(new VaultValue("!vault", "x"), new VaultValue("!vault", "y")));
});
