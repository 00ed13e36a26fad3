/**
 * `deno task docs`: writes what the documentation takes from the program.
 *
 * @module
 */

import { commands } from "../src/cli/registry.ts";
import { commandsDoc } from "./commands_doc.ts";
import { ROOT } from "./stage.ts";

await Deno.writeTextFile(`${ROOT}/docs/commands.md`, commandsDoc(commands));
