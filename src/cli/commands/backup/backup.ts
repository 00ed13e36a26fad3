import type { ListedBackup } from "../../../actions/backup/backup_file.ts";
import type { OpenedBackup } from "../../../actions/backup/copy_backups.ts";
import type { Manifest } from "../../../actions/backup/backup_content.ts";
import type { RestorePlan } from "../../../actions/backup/restore_backup.ts";
import { KEPT } from "../../../actions/backup/schedule_defaults.ts";
import type { RunEvent } from "../../../ansible/events/event.ts";
import { counted } from "../../../errors/safe_text.ts";
import { interruptedError } from "../../../errors/user_error.ts";
import { Prompter } from "../../output/prompt.ts";
import type { Output } from "../../output/output.ts";
import { argument, defineCommand, type GlobalOptions, option } from "../../program/command.ts";
import type { Context } from "../../program/context.ts";
import { ansibleAnswers, PASSWORD_OPTIONS } from "../../program/options.ts";
import {
  absolute,
  COPY,
  DIRECTORY,
  directoryOf,
  inventoryIfAny,
  LOCAL,
  withCopyPlace,
} from "./places.ts";
import {
  firstLine,
  IDENTITY,
  PASSPHRASE_FILE,
  secretToOpen,
  secretToSeal,
  SUDO_OPTIONS,
  sudoPassword,
} from "./secrets.ts";

/** `backup create`: one encrypted file of all that brings the cluster back, but its volumes. */
export const backupCreateCommand = defineCommand({
  name: "backup create",
  summary: "Save the cluster's datastore, keys and configuration in an encrypted file",
  description:
    "Makes a snapshot of the datastore while k3s runs and saves it with the server token, the " +
    "cluster's keys, k3s' configuration, your own manifests and the inventory, encrypted with age. " +
    "Data in volumes is not saved. It is encrypted to a passphrase that you type, or to " +
    "recipients; keep the passphrase or the private key somewhere else. If backup_copy is set in the " +
    "inventory, the file is then copied there.",
  formats: ["table", "wide", "json", "yaml"],
  options: {
    directory: DIRECTORY,
    recipient: option.list("--recipient <key>", "age public key to encrypt it to: age1…"),
    passphraseFile: PASSPHRASE_FILE,
    local: LOCAL,
    ...SUDO_OPTIONS,
  },
  examples: {
    "k3s-tool backup create": "ask for a passphrase, then save the cluster",
    "k3s-tool backup create --recipient age1exampleexample": "encrypt to a public key",
    "k3s-tool backup create --passphrase-file ~/.backup --directory /mnt/nas": "from a timer",
  },
  async run(context, { options, globals }, output) {
    const { backupDirectory } = await import("../../../actions/backup/backup_file.ts");
    const { createBackup, requireOwnDatastore } = await import(
      "../../../actions/backup/create_backup.ts"
    );
    const { copyBackup } = await import("../../../actions/backup/copy_backups.ts");
    const { openInventory } = await import("../../../inventory/read/read.ts");
    const { inventory } = await openInventory(context, globals.inventory);
    requireOwnDatastore(inventory);
    const tell = (words: string) => output.note(words);
    // Before anything is done: it may lack credentials.
    await withCopyPlace(context, { inventory, local: options.local }, async (place) => {
      const made = await createBackup(context, {
        inventory,
        directory: absolute(context, options.directory) ??
          backupDirectory(context, inventory),
        secret: await secretToSeal(options, context, globals),
        sudoPassword: await sudoPassword(options, context, globals),
      }, tell);
      const copy = place && await copyBackup(context, { file: made.file, place }, tell)
        .finally(() => warnOfVolumes(made.manifest, output));
      if (output.structured) {
        const copied = copy === undefined ? {} : { copy };
        await output.document("Backup", { ...document(made.manifest, made), ...copied });
      } else output.data(`${made.file}\n`);
      if (place === undefined) warnOfVolumes(made.manifest, output);
    });
  },
});

/** `backup list`. */
export const backupListCommand = defineCommand({
  name: "backup list",
  aliases: ["backup ls"],
  summary: "List the backups on this machine and their copies, or those on the server",
  options: {
    directory: DIRECTORY,
    server: option.flag("--server", "list those that the server has made by backup_schedule"),
    local: LOCAL,
    ...SUDO_OPTIONS,
  },
  examples: {
    "k3s-tool backup list": "the backups of this cluster, newest first",
    "k3s-tool backup list --server": "those that a schedule has made",
    "k3s-tool backup list --directory /mnt/nas -o name": "print only the paths, one per line",
  },
  async run(context, { options, globals }, output) {
    const { listBackups } = await import("../../../actions/backup/backup_file.ts");
    const { backupColumns, backupItem } = await import("../../../view/tables/backups.ts");
    const show = (rows: readonly ListedBackup[], empty: string, copies = false) =>
      output.list({
        kind: "BackupList",
        rows,
        columns: backupColumns(context.clock.now(), { copies }),
        name: ({ file }) => file,
        item: backupItem,
        empty,
      });
    if (options.server) {
      const { listOnServer } = await import("../../../actions/backup/server_backups.ts");
      const { openInventory } = await import("../../../inventory/read/read.ts");
      return await show(
        await listOnServer(context, {
          inventory: (await openInventory(context, globals.inventory)).inventory,
          sudoPassword: await sudoPassword(options, context, globals),
        }),
        "The server has made no backup yet. Set a schedule with: k3s-tool backup schedule",
      );
    }
    const directory = await directoryOf(context, options.directory, globals);
    const inventory = options.local ? undefined : await inventoryIfAny(context, globals);
    const none = (where: string) =>
      `There is no backup in ${where}. Make one with: k3s-tool backup create`;
    try {
      await withCopyPlace(context, { inventory, local: options.local }, async (place) => {
        if (place === undefined) return await show(await listBackups(directory), none(directory));
        const { listCopies } = await import("../../../actions/backup/copy_backups.ts");
        const { all, different } = await listCopies(directory, place);
        await show(all, none(`${directory} or ${place.address}`), true);
        for (const name of different) {
          output.warn(`${name} and its copy in ${place.address} are not of the same size`);
        }
      });
    } catch (error) {
      // A table may be followed by words, a document may not.
      const here = output.structured ? [] : await listBackups(directory);
      if (here.length > 0) await show(here, none(directory));
      throw error;
    }
  },
});

/** `backup show`: decrypts a backup, checks all of it, and lists what it has. */
export const backupShowCommand = defineCommand({
  name: "backup show",
  aliases: ["backup verify"],
  summary: "Decrypt a backup, verify it, and list its contents",
  description:
    "Decrypts the backup, verifies it and lists what it contains; nothing decrypted is kept. A " +
    "backup that is not on this machine is fetched from where backup_copy has it. A file that is " +
    "truncated or modified, or that the passphrase or the key does not open, is refused with exit " +
    "code 1.",
  formats: ["table", "wide", "json", "yaml"],
  args: [argument("<file>", "file, or name of a backup", { completes: "file" })],
  options: {
    directory: DIRECTORY,
    copy: COPY,
    identity: IDENTITY,
    passphraseFile: PASSPHRASE_FILE,
  },
  examples: {
    "k3s-tool backup show homelab-20261127T093000Z-v1.36.3+k3s1-sqlite.age": "ask for a passphrase",
    "k3s-tool backup show /mnt/nas/backup.age --identity ~/age.key": "open it with a private key",
  },
  async run(context, { args: [name = ""], options, globals }, output) {
    const { verifyBackup } = await import("../../../actions/backup/backup_file.ts");
    const { bytes } = await import("../../../view/words/amounts.ts");
    const { safeLines } = await import("../../../errors/safe_text.ts");
    const { renderTable } = await import("../../../view/tables/table.ts");
    await using backup = await openNamed(context, { name, options, globals }, output);
    const { path, address: file } = backup;
    const manifest = await verifyBackup(path, await secretToOpen(options, context, globals));
    if (output.structured) {
      const { size } = await Deno.stat(path);
      return output.document("Backup", { ...document(manifest, { file, bytes: size }) });
    }
    const { cluster, time, k3s, datastore, host } = manifest;
    const facts = { Cluster: cluster, Made: time, On: host, k3s, Datastore: datastore };
    for (const [key, value] of Object.entries(facts)) {
      output.data(`${`${key}:`.padEnd(11)}${safeLines(value)}\n`);
    }
    const columns = [
      { header: "PART", cell: ({ path }: Manifest["parts"][number]) => path },
      { header: "SIZE", align: "right", cell: (part: { bytes: number }) => bytes(part.bytes) },
    ] as const;
    output.data(renderTable(columns, manifest.parts, { wide: false, paint: output.paint }));
    warnOfVolumes(manifest, output);
  },
});

/** `backup restore`: the cluster as a backup has it. */
export const backupRestoreCommand = defineCommand({
  name: "backup restore",
  summary: "Restore the cluster from a backup, on the same machines or on new ones",
  description:
    "Checks all of the backup first, and refuses a file that is damaged or that the passphrase or " +
    "key does not open. Then it stops k3s on every host, gives the backup's datastore and keys to " +
    "one server, and provisions the cluster: other servers and workers join it again. What was " +
    "created or changed after the backup is lost; data in volumes is neither restored nor deleted. " +
    "If it is interrupted, run it again.",
  formats: ["table", "wide", "json"],
  args: [argument("<file>", "file, or name of a backup", { completes: "file" })],
  options: {
    to: option.text("--to <host>", "server that gets the data (default: the one it came from)", {
      completes: "host",
    }),
    check: option.flag("--check", "check the backup and show the plan, change nothing"),
    directory: DIRECTORY,
    copy: COPY,
    identity: IDENTITY,
    passphraseFile: PASSPHRASE_FILE,
    ...PASSWORD_OPTIONS,
  },
  examples: {
    "k3s-tool backup restore homelab-20261127T093000Z-v1.36.3+k3s1-sqlite.age":
      "ask for the passphrase and for the cluster's name, then restore it",
    "k3s-tool backup restore /mnt/nas/backup.age --identity ~/age.key --check":
      "check the backup and show what would be done",
    "k3s-tool backup restore /mnt/nas/backup.age --to nuc --passphrase-file ~/.backup --yes":
      "give the data to nuc, without asking",
  },
  async run(context, { args: [name = ""], options, globals, line }, output) {
    const { hasData, planRestore, restore } = await import(
      "../../../actions/backup/restore_backup.ts"
    );
    const { say, showRun } = await import("../../output/progress.ts");
    await using backup = await openNamed(context, { name, options, globals }, output);
    const plan = await planRestore(context, {
      inventory: globals.inventory,
      file: backup.path,
      secret: await secretToOpen(options, context, globals),
      to: options.to,
    });
    const tell = (event: PlanEvent) => {
      say(event, output);
      if (output.structured) output.event("RunEvent", event);
    };
    planEvents(plan).forEach(tell);
    if (options.check) {
      tell({ type: "note", message: "The backup is whole; nothing was changed." });
      return;
    }
    const { clusterName } = plan.inventory.cluster;
    const agreed = await new Prompter(globals, context).confirmByName({
      message: `This replaces all data of the cluster ${clusterName}.`,
      name: clusterName,
      flag: "--yes",
    });
    if (!agreed) throw interruptedError("The name does not match; nothing was changed");
    const answers = await ansibleAnswers(options, context, globals);
    const sudoPassword = answers.passwords.becomePassword ??
      await firstLine(context, options.becomePasswordFile);
    const events = restore(context, plan, { ...answers, sudoPassword });
    // Another restore would delete what was created since the server has the data.
    let restored = false;
    async function* watched() {
      for await (const event of events) {
        restored ||= hasData(plan, event);
        yield event;
      }
    }
    const words = {
      what: "The restore",
      get resume() {
        return restored ? "k3s-tool provision" : line;
      },
    };
    await showRun(watched(), words, { context, output, globals });
    output.note("The cluster is restored. Show it with: k3s-tool status");
  },
});

type PlanEvent = Extract<RunEvent, { readonly type: "note" | "warning" }>;

/** What a restore does, and what it does not bring back. */
function planEvents({ inventory, manifest, host }: RestorePlan): readonly PlanEvent[] {
  const { cluster, time, k3s, datastore, host: made } = manifest;
  const notes = [
    `Backup of ${cluster}, made ${time} on ${made} (k3s ${k3s}, ${datastore}).`,
    `k3s is stopped on ${counted(inventory.hosts.length, "host")}; ${host.name} gets the data, ` +
    "the others join it again.",
    `What was created or changed after ${time} is lost.`,
  ];
  const warnings = [
    ...cluster === inventory.cluster.clusterName
      ? []
      : [`The inventory is of the cluster ${inventory.cluster.clusterName}, not of ${cluster}.`],
    ...volumeWarnings(manifest),
  ];
  return [
    ...notes.map((message) => ({ type: "note", message } as const)),
    ...warnings.map((message) => ({ type: "warning", message } as const)),
  ];
}

/** `backup prune`. */
export const backupPruneCommand = defineCommand({
  name: "backup prune",
  summary: "Delete old backups, keep daily, weekly and monthly ones",
  description: `Keeps the newest backup of each of the last days (default ${KEPT.daily}), weeks ` +
    `(${KEPT.weekly}) and months (${KEPT.monthly}) that have one. The newest backup always stays. ` +
    "If backup_copy is set in the inventory, the same rule holds for the copies there.",
  formats: ["table", "wide", "json", "yaml"],
  options: {
    directory: DIRECTORY,
    keepDaily: option.number("--keep-daily <number>", "number of daily backups to keep"),
    keepWeekly: option.number("--keep-weekly <number>", "number of weekly backups to keep"),
    keepMonthly: option.number("--keep-monthly <number>", "number of monthly backups to keep"),
    local: LOCAL,
    check: option.flag("--check", "show what would be deleted, delete nothing"),
  },
  examples: {
    "k3s-tool backup prune --check": "show what would be deleted",
    "k3s-tool backup prune --keep-daily 14 --yes": "two weeks of days, without asking",
  },
  async run(context, { options, globals }, output) {
    const { listBackups } = await import("../../../actions/backup/backup_file.ts");
    const { listCopies } = await import("../../../actions/backup/copy_backups.ts");
    const { divideBackups } = await import("../../../actions/backup/retention.ts");
    const { backupItem } = await import("../../../view/tables/backups.ts");
    const { openInventory } = await import("../../../inventory/read/read.ts");
    const { inventory } = await openInventory(context, globals.inventory);
    const directory = await directoryOf(context, options.directory, globals);
    const dryRun = options.check;
    await withCopyPlace(context, { inventory, local: options.local }, async (place) => {
      const divide = (backups: readonly ListedBackup[]) =>
        divideBackups(
          // A shared directory may have backups of other clusters.
          backups.filter(({ cluster }) => cluster === inventory.cluster.clusterName),
          {
            daily: options.keepDaily ?? KEPT.daily,
            weekly: options.keepWeekly ?? KEPT.weekly,
            monthly: options.keepMonthly ?? KEPT.monthly,
          },
        );
      const here = divide(await listBackups(directory));
      const there = divide(place === undefined ? [] : (await listCopies(directory, place)).there);
      const keep = [...here.keep, ...there.keep];
      const remove = [...here.remove, ...there.remove];
      if (!dryRun && remove.length > 0) {
        const copies = place === undefined ? "" : `, copies in ${place.address} included,`;
        const message = `Delete ${
          counted(remove.length, "backup")
        }${copies} and keep ${keep.length}?`;
        if (!await new Prompter(globals, context).confirm({ message, flag: "--yes" })) {
          throw interruptedError("Nothing was deleted");
        }
        for (const { file } of here.remove) await Deno.remove(file);
        const names = there.remove.map(({ file }) => file.slice(file.lastIndexOf("/") + 1));
        if (names.length > 0) await place?.remove(names);
      }
      if (output.structured) {
        const items = (list: typeof keep) => list.map(backupItem);
        return output.document("BackupPrune", {
          dryRun,
          kept: items(keep),
          deleted: items(remove),
        });
      }
      for (const { file } of remove) output.data(`${file}\n`);
      const done = dryRun ? "would be deleted" : "deleted";
      const copies = place === undefined ? "" : ", copies included";
      output.note(`${counted(remove.length, "backup")} ${done}, ${keep.length} kept${copies}.`);
    });
  },
});

/** The backup that a person named; one that only backup_copy has is fetched. */
async function openNamed(
  context: Context,
  { name, options, globals }: {
    readonly name: string;
    readonly options: { readonly directory: string | undefined; readonly copy: boolean };
    readonly globals: GlobalOptions;
  },
  output: Output,
): Promise<OpenedBackup> {
  const { findBackup, noBackup } = await import("../../../actions/backup/backup_file.ts");
  const { cwd } = context;
  const directory = await directoryOf(context, options.directory, globals).catch(() => "");
  const path = options.copy ? undefined : await findBackup({ cwd, directory }, name);
  if (path !== undefined) {
    return { path, address: path, [Symbol.asyncDispose]: () => Promise.resolve() };
  }
  // Without an inventory there are no copies, and with a broken one nobody knows.
  const inventory = options.copy
    ? await inventoryIfAny(context, globals)
    : await inventoryIfAny(context, globals).catch(() => undefined);
  return await withCopyPlace(context, { inventory, local: false }, async (place) => {
    if (place === undefined && !options.copy) throw noBackup(name, directory);
    const { fetchCopy } = await import("../../../actions/backup/copy_backups.ts");
    return await fetchCopy(context, { place, name }, (words) => output.note(words));
  });
}

function document(manifest: Manifest, file: { readonly file: string; readonly bytes: number }) {
  const { cluster, host, time, k3s, datastore, volumes, parts } = manifest;
  return {
    file: file.file,
    bytes: file.bytes,
    cluster,
    host,
    time,
    k3s,
    datastore,
    volumes,
    parts,
  };
}

function warnOfVolumes(manifest: Manifest, output: Output): void {
  volumeWarnings(manifest).forEach((message) => output.warn(message));
}

function volumeWarnings({ volumes }: Manifest): readonly string[] {
  if (volumes === null) {
    return ["Volumes are not in a backup; the API did not say which there are."];
  }
  if (volumes.length === 0) return [];
  const names = volumes.map(({ name, claim }) => claim === null ? name : `${name} (${claim})`);
  return [`Volumes are not in a backup: ${names.join(", ")}`];
}
