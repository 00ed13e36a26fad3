/**
 * `deno task docs`: writes what the documentation takes from the program.
 *
 * @module
 */

import { jsonSchema, SCHEMA_NAMES } from "../src/cli/document_schemas.ts";
import { commands } from "../src/cli/registry.ts";
import { commandsDoc } from "./commands_doc.ts";
import { ROOT } from "./stage.ts";

await Deno.writeTextFile(`${ROOT}/docs/commands.md`, commandsDoc(commands));

await Deno.mkdir(`${ROOT}/docs/schemas`, { recursive: true });
for (const name of SCHEMA_NAMES) {
  const schema = JSON.stringify(jsonSchema(name), null, 2) + "\n";
  await Deno.writeTextFile(`${ROOT}/docs/schemas/${name}.json`, schema);
}
