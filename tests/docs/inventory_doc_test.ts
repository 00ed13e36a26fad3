import assert from "node:assert/strict";
import { VARIABLE_SCHEMAS } from "../../src/inventory/schema.ts";
import { PROJECT_ROOT } from "../cli/fake_context.ts";

Deno.test("docs/inventory.md lists every variable that the tool knows", async () => {
  const page = await Deno.readTextFile(`${PROJECT_ROOT}/docs/inventory.md`);
  const rows = page.split("\n").filter((line) => line.startsWith("| `"));
  const listed = new Set(rows.flatMap((row) => {
    const [, first = ""] = row.split("|");
    return [...first.matchAll(/`([\w]+)`/g)].map(([, name]) => name!);
  }));
  assert.deepEqual([...VARIABLE_SCHEMAS.keys()].filter((name) => !listed.has(name)), []);
});
