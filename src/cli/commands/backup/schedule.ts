/**
 * Commands for the backups that a server makes by itself.
 *
 * @module
 */

import { KEPT, SERVER_DIRECTORY } from "../../../actions/backup/schedule_defaults.ts";
import { usageError } from "../../../errors/user_error.ts";
import { argument, defineCommand, option } from "../../program/command.ts";
import { ansibleAnswers, PASSWORD_OPTIONS } from "../../program/options.ts";
import { DIRECTORY, directoryOf } from "./places.ts";
import { SUDO_OPTIONS, sudoPassword } from "./secrets.ts";

/** `backup fetch`: a backup of the server's, here. */
export const backupFetchCommand = defineCommand({
  name: "backup fetch",
  summary: "Copy a backup that the server has made by a schedule to this machine",
  formats: ["table"],
  args: [argument("<name>", "name of the backup, as backup list --server shows it")],
  options: { directory: DIRECTORY, ...SUDO_OPTIONS },
  examples: {
    "k3s-tool backup fetch homelab-20261127T093000Z-v1.36.3+k3s1-sqlite.age":
      "copy it to backup_dir, to restore it from there",
    "k3s-tool backup fetch homelab-20261127T093000Z-v1.36.3+k3s1-sqlite.age --directory /mnt/usb":
      "copy it to another directory",
  },
  async run(context, { args: [name = ""], options, globals }, output) {
    const { fetchBackup } = await import("../../../actions/backup/server_backups.ts");
    const { openInventory } = await import("../../../inventory/read/read.ts");
    const { inventory } = await openInventory(context, globals.inventory);
    const file = await fetchBackup(context, {
      inventory,
      name,
      directory: await directoryOf(context, options.directory, globals),
      sudoPassword: await sudoPassword(options, context, globals),
    });
    output.data(`${file}\n`);
  },
});

/** `backup schedule`: the setting, and the timer on the server. */
export const backupScheduleCommand = defineCommand({
  name: "backup schedule",
  summary: "Let the first server make backups by a timer",
  description:
    "Sets backup_schedule in the inventory and installs age, a service and a timer on the first " +
    "server; the first backup is made at once. Backups are encrypted to the recipient, so the server " +
    "cannot read them. Settings that you leave out stay as they are. With --off, the timer is " +
    "removed; the backups stay.",
  formats: ["table", "wide", "json"],
  options: {
    every: option.text(
      "--every <time>",
      "hourly, daily, weekly or a time for OnCalendar of systemd (default: daily)",
    ),
    recipient: option.text("--recipient <key>", "age public key to encrypt backups to: age1…"),
    directory: option.text(
      "--directory <dir>",
      `directory of the server (default: ${SERVER_DIRECTORY})`,
    ),
    keepDaily: option.number(
      "--keep-daily <number>",
      `number of daily backups to keep (default ${KEPT.daily})`,
    ),
    keepWeekly: option.number(
      "--keep-weekly <number>",
      `number of weekly backups to keep (default ${KEPT.weekly})`,
    ),
    keepMonthly: option.number(
      "--keep-monthly <number>",
      `number of monthly backups to keep (default ${KEPT.monthly})`,
    ),
    off: option.flag("--off", "make no more backups"),
    check: option.flag("--check", "show what would be set, change nothing"),
    ...PASSWORD_OPTIONS,
  },
  examples: {
    "k3s-tool backup schedule --recipient age1exampleexample": "every day",
    "k3s-tool backup schedule --every weekly --directory /mnt/nas": "every week, on a mounted NAS",
    "k3s-tool backup schedule --off": "no more backups",
  },
  async run(context, { options, globals, line }, output) {
    const { requireOwnDatastore } = await import("../../../actions/backup/create_backup.ts");
    const { scheduleValue } = await import("../../../actions/backup/server_backups.ts");
    const { setSetting, unsetSetting } = await import("../../../actions/config/change_setting.ts");
    const { provision } = await import("../../../actions/hosts/provision.ts");
    const { openInventory } = await import("../../../inventory/read/read.ts");
    const { hostsOf } = await import("../../../inventory/model.ts");
    const { reportChange } = await import("../../output/change_words.ts");
    const { showRun } = await import("../../output/progress.ts");
    const { encrypterFor } = await import("../../../actions/backup/backup_file.ts");
    const { every, recipient, directory, keepDaily, keepWeekly, keepMonthly, off } = options;
    const given = [every, recipient, directory, keepDaily, keepWeekly, keepMonthly];
    if (off && given.some((each) => each !== undefined)) {
      throw usageError("--off cannot be combined with other parts of a schedule");
    }
    if (recipient !== undefined) await encrypterFor({ recipients: [recipient] }); // its checksum
    const { inventory } = await openInventory(context, globals.inventory);
    if (!off) requireOwnDatastore(inventory);
    const { file } = inventory;
    const key = "backup_schedule";
    const dryRun = options.check;
    const isSet = inventory.cluster.vars.has(key);
    if (!off || isSet) {
      const keep = { daily: keepDaily, weekly: keepWeekly, monthly: keepMonthly };
      const change = off ? await unsetSetting(context, key, { file, dryRun }) : await setSetting(
        context,
        {
          key,
          text: JSON.stringify(scheduleValue(inventory, { every, recipient, directory, keep })),
          type: "json",
        },
        { file, dryRun },
      );
      if (dryRun || !output.structured) {
        await reportChange(output, change, {
          dryRun,
          done: `${off ? "Removed" : "Set"} ${key} in ${change.files[0]?.shown}.`,
          extra: { key, scope: change.scope },
        });
      }
    }
    if (dryRun) return;
    const { passwords, mayInstall } = await ansibleAnswers(options, context, globals);
    const run = provision(context, {
      inventory: globals.inventory,
      tags: ["backup"],
      limit: hostsOf(inventory, "control-plane").map(({ name }) => name),
      convert: false,
      kubeconfig: false,
      passwords,
    }, mayInstall);
    await showRun(run, { what: "The schedule", resume: line }, { context, output, globals });
    output.note(
      off
        ? "No more backups are made; existing ones are kept."
        : "The first backup is being made. See how old it is with: k3s-tool status",
    );
  },
});
