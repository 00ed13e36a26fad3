/**
 * Names of backups. All that a list shows is in the name, as the content is encrypted.
 *
 * @module
 */

/** What datastores a backup is made of. */
export const DATASTORES = ["sqlite", "etcd"] as const;

/** What a name says. */
export interface BackupName {
  readonly cluster: string;
  /** Milliseconds since the epoch, in whole seconds. */
  readonly time: number;
  /** `v1.36.3+k3s1` */
  readonly k3s: string;
  readonly datastore: typeof DATASTORES[number];
}

const NAME =
  /^([a-z0-9][a-z0-9-]*)-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z-(v\d[\w.+-]*)-(sqlite|etcd)\.age$/;

/** `homelab-20261127T093000Z-v1.36.3+k3s1-sqlite.age` */
export function formatBackupName({ cluster, time, k3s, datastore }: BackupName): string {
  const moment = new Date(time).toISOString().replace(/[-:]|\.\d+/g, "");
  return `${cluster}-${moment}-${k3s}-${datastore}.age`;
}

/** What a file's name says; undefined where it is not a backup's. */
export function parseBackupName(file: string): BackupName | undefined {
  const found = NAME.exec(file);
  if (found === null) return undefined;
  const [, cluster = "", year, month, day, hour, minute, second, k3s = "", datastore] = found;
  const time = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  if (Number.isNaN(time)) return undefined;
  return { cluster, time, k3s, datastore: datastore as BackupName["datastore"] };
}
