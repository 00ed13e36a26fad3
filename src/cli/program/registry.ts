/**
 * Every command, in the order of the help.
 *
 * @module
 */

import type { CommandDeclaration } from "./command.ts";
import { adoptCommand } from "../commands/cluster/adopt.ts";
import { artifactsDownloadCommand } from "../commands/upkeep/artifacts.ts";
import { assetsEjectCommand } from "../commands/program/assets_eject.ts";
import { assetsListCommand } from "../commands/program/assets_list.ts";
import {
  backupCreateCommand,
  backupListCommand,
  backupPruneCommand,
  backupRestoreCommand,
  backupShowCommand,
} from "../commands/backup/backup.ts";
import { backupCopyCommand } from "../commands/backup/copy.ts";
import { backupFetchCommand, backupScheduleCommand } from "../commands/backup/schedule.ts";
import { completeCommand } from "../commands/program/complete.ts";
import { completionsCommand } from "../commands/program/completions.ts";
import { configGetCommand } from "../commands/config/get.ts";
import { configListCommand } from "../commands/config/list.ts";
import { configSchemaCommand } from "../commands/config/schema.ts";
import { configSetCommand } from "../commands/config/set.ts";
import { configUnsetCommand } from "../commands/config/unset.ts";
import { configValidateCommand } from "../commands/config/validate.ts";
import { discoverCommand } from "../commands/node/discover.ts";
import { doctorCommand } from "../commands/upkeep/doctor.ts";
import { gitopsDeployKeyCommand } from "../commands/gitops/deploy_key.ts";
import { gitopsInitCommand } from "../commands/gitops/init.ts";
import { gitopsStatusCommand } from "../commands/gitops/status.ts";
import { gitopsSyncCommand } from "../commands/gitops/sync.ts";
import { gitopsNewAppCommand } from "../commands/gitops/new_app.ts";
import { gitopsValidateCommand } from "../commands/gitops/validate.ts";
import { initCommand } from "../commands/cluster/init.ts";
import { kubeconfigCommand } from "../commands/cluster/kubeconfig.ts";
import { nodeAddCommand } from "../commands/node/add.ts";
import { nodeDetectCommand } from "../commands/node/detect.ts";
import { nodeListCommand } from "../commands/node/list.ts";
import {
  nodeCordonCommand,
  nodeDrainCommand,
  nodeRebootCommand,
  nodeUncordonCommand,
} from "../commands/node/drain.ts";
import {
  nodeRenameCommand,
  nodeReplaceCommand,
  nodeSetIpCommand,
  nodeSetRoleCommand,
} from "../commands/node/change.ts";
import { nodeRemoveCommand } from "../commands/node/remove.ts";
import { nodeShowCommand } from "../commands/node/show.ts";
import { provisionCommand } from "../commands/cluster/provision.ts";
import { resetCommand } from "../commands/cluster/reset.ts";
import {
  notifyInstallCommand,
  notifyRemoveCommand,
  notifyTestCommand,
} from "../commands/upkeep/notify.ts";
import { runsListCommand, runsLogCommand, runsShowCommand } from "../commands/upkeep/runs.ts";
import { execCommand, logsCommand, sshCommand } from "../commands/node/remote.ts";
import {
  rotateCertsCommand,
  rotateEncryptionKeysCommand,
  rotateTokenCommand,
} from "../commands/upkeep/rotate.ts";
import { statusCommand } from "../commands/cluster/status.ts";
import { tuiCommand } from "../commands/cluster/tui.ts";
import { upgradeCommand } from "../commands/upkeep/upgrade.ts";
import { versionCommand } from "../commands/program/version.ts";

export const commands: readonly CommandDeclaration[] = [
  initCommand,
  discoverCommand,
  nodeAddCommand,
  nodeListCommand,
  nodeShowCommand,
  nodeDetectCommand,
  nodeRemoveCommand,
  nodeReplaceCommand,
  nodeRenameCommand,
  nodeSetIpCommand,
  nodeSetRoleCommand,
  nodeCordonCommand,
  nodeUncordonCommand,
  nodeDrainCommand,
  nodeRebootCommand,
  configGetCommand,
  configSetCommand,
  configUnsetCommand,
  configListCommand,
  configValidateCommand,
  configSchemaCommand,
  adoptCommand,
  provisionCommand,
  upgradeCommand,
  artifactsDownloadCommand,
  statusCommand,
  tuiCommand,
  kubeconfigCommand,
  gitopsInitCommand,
  gitopsNewAppCommand,
  gitopsValidateCommand,
  gitopsStatusCommand,
  gitopsSyncCommand,
  gitopsDeployKeyCommand,
  sshCommand,
  execCommand,
  logsCommand,
  doctorCommand,
  notifyInstallCommand,
  notifyTestCommand,
  notifyRemoveCommand,
  backupCreateCommand,
  backupListCommand,
  backupShowCommand,
  backupRestoreCommand,
  backupPruneCommand,
  backupCopyCommand,
  backupScheduleCommand,
  backupFetchCommand,
  rotateCertsCommand,
  rotateTokenCommand,
  rotateEncryptionKeysCommand,
  runsListCommand,
  runsShowCommand,
  runsLogCommand,
  resetCommand,
  assetsListCommand,
  assetsEjectCommand,
  completionsCommand,
  completeCommand(() => commands),
  versionCommand,
];
