import assert from "node:assert/strict";
import { formatKeyPath, memberOf, parseKeyPath } from "../../../src/inventory/edit/key_path.ts";

for (
  const [key, variable, members] of [
    ["k3s_version", "k3s_version", []],
    ["limits.cpu.max", "limits", ["cpu", "max"]],
    ["node_labels.nvidia.com/gpu.present", "node_labels", ["nvidia.com/gpu.present"]],
    ["a.b\\.c", "a", ["b.c"]],
  ] as const
) {
  Deno.test(`${key} is a path`, () => {
    const path = parseKeyPath(key);
    assert.deepEqual(path, { variable, members });
    assert.equal(formatKeyPath(path), key);
  });
}

Deno.test("a member that is there is found though its name has dots", () => {
  const value = { "a.b": { c: 1 }, a: { b: 2 } };
  assert.deepEqual(parseKeyPath("x.a.b.c", () => value).members, ["a.b", "c"]);
  assert.equal(memberOf(value, ["a.b", "c"]), 1);
  assert.equal(memberOf([1, [2]], ["1", "0"]), 2);
  assert.equal(memberOf({ a: "text" }, ["a", "length"]), undefined);
});

for (const key of ["", ".x", "x.", "x..y", "1x", "a b", "a/b", "__proto__.x y."]) {
  Deno.test(`'${key}' is no key`, () => {
    assert.throws(() => parseKeyPath(key), { name: "UserError", exitCode: 2 });
  });
}
