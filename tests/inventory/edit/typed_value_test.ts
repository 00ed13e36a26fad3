import assert from "node:assert/strict";
import { inferType, readTyped } from "../../../src/inventory/edit/typed_value.ts";

const KEY = { variable: "unknown", members: [] };

for (
  const [variable, text, current, type] of [
    ["gpu", "yes", undefined, "bool"],
    ["reserved_cpu", "4", undefined, "string"],
    ["reserved_cpu", "4", 2, "string"],
    ["node_labels", "{}", undefined, "json"],
    ["ansible_port", "22", undefined, "int"],
    ["unknown", "true", undefined, "bool"],
    ["unknown", "true", "word", "string"],
    ["unknown", "42", undefined, "int"],
    ["unknown", "042", undefined, "string"],
    ["unknown", '{"a": 1}', undefined, "json"],
    ["unknown", "{{ other }}", undefined, "string"],
    ["unknown", "{no json", undefined, "string"],
    ["k3s_version", "v1.36.3+k3s1", undefined, "string"],
  ] as const
) {
  Deno.test(`${text} for ${variable} is a ${type}${current ? ` beside ${current}` : ""}`, () => {
    assert.equal(inferType(text, { key: { variable, members: [] }, current }), type);
  });
}

Deno.test("a label's value is always text", () => {
  const key = { variable: "node_labels", members: ["workstation"] };
  assert.equal(inferType("true", { key, current: undefined }), "string");
});

Deno.test("texts become values of the type asked for", () => {
  assert.equal(readTyped("7", "int", KEY), 7);
  assert.equal(readTyped("off", "bool", KEY), false);
  assert.deepEqual(readTyped('[{"a": null}]', "json", KEY), [{ a: null }]);
  for (
    const [text, type] of [["x", "int"], ["2", "bool"], ["{", "json"], ["1e99", "int"]] as const
  ) {
    assert.throws(() => readTyped(text, type, KEY), { exitCode: 2 });
  }
});
