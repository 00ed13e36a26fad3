/**
 * Every command, in the order of the help.
 *
 * @module
 */

import type { CommandDeclaration } from "./command.ts";
import { assetsEjectCommand } from "./commands/assets_eject.ts";
import { assetsListCommand } from "./commands/assets_list.ts";
import { completionsCommand } from "./commands/completions.ts";
import { completeCommand } from "./commands/complete.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { nodeRemoveCommand } from "./commands/node_remove.ts";
import { provisionCommand } from "./commands/provision.ts";
import { resetCommand } from "./commands/reset.ts";
import { versionCommand } from "./commands/version.ts";

export const commands: readonly CommandDeclaration[] = [
  provisionCommand,
  nodeRemoveCommand,
  doctorCommand,
  resetCommand,
  assetsListCommand,
  assetsEjectCommand,
  completionsCommand,
  completeCommand(() => commands),
  versionCommand,
];
