/**
 * `deno task docs`: writes what the documentation takes from the program.
 *
 * @module
 */

import { jsonSchema, SCHEMA_NAMES } from "../src/cli/program/document_schemas.ts";
import { commands } from "../src/cli/program/registry.ts";
import { commandsDoc } from "./commands_doc.ts";
import { KEYS_PART, keysTable } from "./keys_doc.ts";
import { placePart } from "./page_part.ts";
import { ROOT } from "./stage.ts";

await Deno.writeTextFile(`${ROOT}/docs/commands.md`, commandsDoc(commands));

const page = `${ROOT}/docs/tui.md`;
const text = placePart(await Deno.readTextFile(page), { name: KEYS_PART, text: keysTable() });
await Deno.writeTextFile(page, text);

await Deno.mkdir(`${ROOT}/docs/schemas`, { recursive: true });
for (const name of SCHEMA_NAMES) {
  const schema = JSON.stringify(jsonSchema(name), null, 2) + "\n";
  await Deno.writeTextFile(`${ROOT}/docs/schemas/${name}.json`, schema);
}
