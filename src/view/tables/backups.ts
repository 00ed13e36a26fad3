/**
 * Backups, as a table and as items of a document.
 *
 * @module
 */

import { basename } from "node:path";
import type { ListedBackup } from "../../actions/backup/backup_file.ts";
import { bytes, since } from "../words/amounts.ts";
import type { Column } from "./table.ts";

/** One row a backup; with `copies` it says where it is. */
export const backupColumns = (
  now: number,
  { copies }: { readonly copies: boolean },
): readonly Column<ListedBackup>[] => [
  { header: "NAME", cell: ({ file }) => basename(file) },
  { header: "AGE", cell: ({ time }) => since(new Date(time).toISOString(), now) },
  { header: "SIZE", align: "right", cell: (backup) => bytes(backup.bytes) },
  { header: "K3S", cell: ({ k3s }) => k3s },
  { header: "DATASTORE", cell: ({ datastore }) => datastore },
  { header: "ENCRYPTED TO", cell: ({ encryptedTo }) => encryptedTo },
  ...copies ? [{ header: "AT", cell: places }] : [],
  { header: "FILE", wide: true, cell: ({ file }) => file },
];

function places({ file, copy }: ListedBackup): string {
  return file === copy ? "copy" : copy ? "here, copy" : "here";
}

/** A backup in the documents `BackupList` and `BackupPrune`. */
export function backupItem(backup: ListedBackup) {
  const { copy = null } = backup;
  return {
    ...backup,
    copy,
    name: basename(backup.file),
    time: new Date(backup.time).toISOString(),
  };
}
