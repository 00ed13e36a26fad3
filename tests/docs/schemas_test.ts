import assert from "node:assert/strict";
import { jsonSchema, SCHEMA_NAMES } from "../../src/cli/program/document_schemas.ts";
import { PROJECT_ROOT } from "../cli/fake_context.ts";

Deno.test("docs/schemas holds the schema of each document (deno task docs writes them)", async () => {
  const folder = `${PROJECT_ROOT}/docs/schemas`;
  const files = await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
  assert.deepEqual(files.sort(), SCHEMA_NAMES.map((name) => `${name}.json`).sort());
  for (const name of SCHEMA_NAMES) {
    const published = JSON.parse(await Deno.readTextFile(`${folder}/${name}.json`));
    assert.deepEqual(published, jsonSchema(name), name);
  }
});
