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
import { provisionCommand } from "./commands/provision.ts";
import { versionCommand } from "./commands/version.ts";

export const commands: readonly CommandDeclaration[] = [
  provisionCommand,
  assetsListCommand,
  assetsEjectCommand,
  completionsCommand,
  completeCommand(() => commands),
  versionCommand,
];
