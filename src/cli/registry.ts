/**
 * Every command, in the order of the help.
 *
 * @module
 */

import type { CommandDeclaration } from "./command.ts";
import { assetsEjectCommand } from "./commands/assets_eject.ts";
import { assetsListCommand } from "./commands/assets_list.ts";
import { completeCommand } from "./commands/complete.ts";
import { completionsCommand } from "./commands/completions.ts";
import { configGetCommand } from "./commands/config_get.ts";
import { configListCommand } from "./commands/config_list.ts";
import { configSchemaCommand } from "./commands/config_schema.ts";
import { configSetCommand } from "./commands/config_set.ts";
import { configUnsetCommand } from "./commands/config_unset.ts";
import { configValidateCommand } from "./commands/config_validate.ts";
import { discoverCommand } from "./commands/discover.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { gitopsDeployKeyCommand } from "./commands/gitops_deploy_key.ts";
import { gitopsInitCommand } from "./commands/gitops_init.ts";
import { gitopsStatusCommand } from "./commands/gitops_status.ts";
import { gitopsSyncCommand } from "./commands/gitops_sync.ts";
import { gitopsNewAppCommand } from "./commands/gitops_new_app.ts";
import { gitopsValidateCommand } from "./commands/gitops_validate.ts";
import { initCommand } from "./commands/init.ts";
import { kubeconfigCommand } from "./commands/kubeconfig.ts";
import { nodeAddCommand } from "./commands/node_add.ts";
import { nodeListCommand } from "./commands/node_list.ts";
import { nodeRemoveCommand } from "./commands/node_remove.ts";
import { nodeShowCommand } from "./commands/node_show.ts";
import { provisionCommand } from "./commands/provision.ts";
import { resetCommand } from "./commands/reset.ts";
import { statusCommand } from "./commands/status.ts";
import { tuiCommand } from "./commands/tui.ts";
import { versionCommand } from "./commands/version.ts";

export const commands: readonly CommandDeclaration[] = [
  initCommand,
  discoverCommand,
  nodeAddCommand,
  nodeListCommand,
  nodeShowCommand,
  nodeRemoveCommand,
  configGetCommand,
  configSetCommand,
  configUnsetCommand,
  configListCommand,
  configValidateCommand,
  configSchemaCommand,
  provisionCommand,
  statusCommand,
  tuiCommand,
  kubeconfigCommand,
  gitopsInitCommand,
  gitopsNewAppCommand,
  gitopsValidateCommand,
  gitopsStatusCommand,
  gitopsSyncCommand,
  gitopsDeployKeyCommand,
  doctorCommand,
  resetCommand,
  assetsListCommand,
  assetsEjectCommand,
  completionsCommand,
  completeCommand(() => commands),
  versionCommand,
];
