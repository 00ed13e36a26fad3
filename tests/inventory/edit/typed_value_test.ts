import assert from "node:assert/strict";
import type { UserError } from "../../../src/errors/user_error.ts";
import { VARIABLE_SCHEMAS } from "../../../src/inventory/schema.ts";
import { inferType, readTyped } from "../../../src/inventory/edit/typed_value.ts";

const KEY = { variable: "unknown", members: [] };

for (
  const [variable, text, current, type] of [
    ["gpu", "yes", undefined, "bool"],
    ["reserved_cpu", "4", undefined, "string"],
    ["reserved_cpu", "4", 2, "string"],
    ["node_labels", "{}", undefined, "json"],
    ["ansible_port", "22", undefined, "int"],
    ["git_branch", "2026", undefined, "string"],
    ["flux_namespace", "1", undefined, "string"],
    ["gitops_username", "123", undefined, "string"],
    ["gitops_timeout", "300", undefined, "int"],
    ["k3s_disable", "[]", undefined, "json"],
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

Deno.test("a typed value that a known variable accepts is accepted as it is typed", () => {
  const accepted: Record<string, string> = {
    git_branch: "2026",
    flux_namespace: "1",
    gitops_username: "123",
    cluster_name: "7",
    git_path: "1",
    gitops_timeout: "60",
    gpu: "true",
    gitops_flux_allow_downgrade: "true",
    ansible_port: "22",
    reserved_cpu: "2",
  };
  for (const [variable, text] of Object.entries(accepted)) {
    const key = { variable, members: [] };
    const value = readTyped(text, inferType(text, { key, current: undefined }), key);
    assert.ok(VARIABLE_SCHEMAS.get(variable)!.safeParse(value).success, variable);
  }
});

Deno.test("a value of the wrong type names its key and what the key takes", () => {
  for (const [variable, schema] of VARIABLE_SCHEMAS) {
    const key = { variable, members: [] };
    const type = inferType("x", { key, current: undefined });
    if (type !== "int" && type !== "bool") continue;
    const text = type === "int" ? "99999999999999999999999" : "perhaps";
    const expected = schema.safeParse(text).error!.issues[0]!.message;
    assert.throws(() => readTyped(text, type, key), (error: unknown) => {
      const { problems, hint } = error as UserError;
      assert.deepEqual(problems, [{ message: `bad value for ${variable}`, value: text, expected }]);
      assert.equal(hint, undefined);
      return true;
    });
  }
});

Deno.test("a key that stands twice in JSON is refused at any depth, and not the last one taken", () => {
  for (const text of ['{"a":1,"a":2}', '[{"b":{"a":1,"c":2,"a":1}}]', '{"a":1,"\\u0061":2}']) {
    assert.throws(() => readTyped(text, "json", KEY), (error: unknown) => {
      assert.equal((error as UserError).problems[0]!.expected, "each key once");
      return true;
    });
  }
  assert.deepEqual(readTyped('[{"a":1},\t{"a":2}]', "json", KEY), [{ a: 1 }, { a: 2 }]);
});
