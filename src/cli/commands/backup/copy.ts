import { counted } from "../../../errors/safe_text.ts";
import { argument, defineCommand } from "../../program/command.ts";
import { DIRECTORY, directoryOf, withCopyPlace } from "./places.ts";

/** `backup copy`: the copies that are missing. */
export const backupCopyCommand = defineCommand({
  name: "backup copy",
  summary: "Copy backups that have no copy yet to S3 or to another host",
  description:
    "Copies backups of this machine to the place that backup_copy in the inventory names: the named " +
    "ones, or all of this cluster that have no copy there. backup create does this automatically. " +
    "Each copy is complete, with its checksum verified, or not made at all.",
  formats: ["table"],
  args: [argument("[name...]", "files, or names of backups", { completes: "file" })],
  options: { directory: DIRECTORY },
  examples: {
    "k3s-tool backup copy": "copy all that have no copy",
    "k3s-tool backup copy homelab-20261127T093000Z-v1.36.3+k3s1-sqlite.age":
      "copy one, after its copy failed",
  },
  async run(context, { args, options, globals }, output) {
    const { copyBackup, listCopies, noPlace } = await import(
      "../../../actions/backup/copy_backups.ts"
    );
    const { requireBackup } = await import("../../../actions/backup/backup_file.ts");
    const { openInventory } = await import("../../../inventory/read/read.ts");
    const { inventory } = await openInventory(context, globals.inventory);
    const directory = await directoryOf(context, options.directory, globals);
    const { cwd } = context;
    const named: string[] = [];
    for (const name of args) named.push(await requireBackup({ cwd, directory }, name));
    await withCopyPlace(context, { inventory, local: false }, async (place) => {
      if (place === undefined) throw noPlace();
      const { clusterName } = inventory.cluster;
      const files = named.length > 0 ? named : (await listCopies(directory, place)).all
        .filter(({ cluster, copy }) => cluster === clusterName && copy === null)
        .map(({ file }) => file);
      for (const file of files) {
        const address = await copyBackup(context, { file, place }, (words) => output.note(words));
        output.data(`${address}\n`);
      }
      output.note(
        files.length === 0
          ? `All backups have a copy in ${place.address}.`
          : `${counted(files.length, "backup")} copied to ${place.address}.`,
      );
    });
  },
});
