import assert from "node:assert/strict";
import { commands } from "../../src/cli/program/registry.ts";
import { commandsDoc } from "../../tasks/commands_doc.ts";
import { PROJECT_ROOT } from "../cli/fake_context.ts";

Deno.test("docs/commands.md says what the program takes (deno task docs writes it)", async () => {
  assert.equal(await Deno.readTextFile(`${PROJECT_ROOT}/docs/commands.md`), commandsDoc(commands));
});
