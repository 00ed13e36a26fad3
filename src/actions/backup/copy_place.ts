/**
 * Where copies of whole backup files are: a bucket of S3, or a directory of another host.
 *
 * @module
 */

import { usageError } from "../../errors/user_error.ts";
import type { Inventory } from "../../inventory/model.ts";
import { pathBeside } from "../../inventory/workstation_path.ts";
import { BackupCopySchema } from "../../inventory/schema.ts";
import type { ActionSystem } from "../action_system.ts";

/** The setting that names the place. */
const BACKUP_COPY = "backup_copy";

/** A file as the place has it. */
export interface StoredFile {
  readonly name: string;
  readonly bytes: number;
  /** Its first bytes, with age's header; undefined where nobody asked for them. */
  readonly start?: Uint8Array | undefined;
}

/** A whole file of this machine. */
export interface LocalFile {
  readonly path: string;
  readonly name: string;
  readonly bytes: number;
  /** In hex. */
  readonly sha256: string;
  /** In base64, as HTTP has it. */
  readonly md5: string;
  /** Its content, once; whoever reads it hears how far it is. */
  readonly read: () => AsyncIterable<Uint8Array>;
}

/** A place for copies. Each of its methods throws `UserError`s that name the place. */
export interface CopyPlace {
  /** As the inventory has it, without a slash at the end. */
  readonly address: string;
  /** All files; the starts of those that `wantsStart` accepts. */
  list(wantsStart: (name: string) => boolean): Promise<readonly StoredFile[]>;
  /** Writes a file there, whole or not at all; false where the very same is there already. */
  put(file: LocalFile): Promise<boolean>;
  /** Writes a file's content into the stream, and closes it: its SHA-256, where the place keeps one. */
  get(name: string, into: WritableStream<Uint8Array>): Promise<string | undefined>;
  remove(names: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

/**
 * The place that an inventory names; undefined where it names none. Nothing is contacted.
 *
 * @throws {UserError} exit code 2 where only Ansible knows it, 3 where there are no credentials for it
 */
export async function openCopyPlace(
  system: ActionSystem,
  inventory: Inventory,
): Promise<CopyPlace | undefined> {
  const variable = inventory.cluster.vars.get(BACKUP_COPY);
  if (variable === undefined || variable.value === null) return undefined;
  const setting = variable.state === "plain"
    ? BackupCopySchema.safeParse(variable.value)
    : undefined;
  if (!setting?.success) {
    throw usageError(`${BACKUP_COPY} is not plain text: only Ansible could read it`, {
      where: variable.where,
      hint: "Write the address as it is. Credentials are never part of it.",
    });
  }
  const { to, ca_file: ca, credentials_file: credentials, ...options } = setting.data;
  if (to.startsWith("ssh://")) {
    const { sshPlace } = await import("./ssh_place.ts");
    return sshPlace(system, inventory, to);
  }
  const path = (file: string | undefined) => file && pathBeside(system, inventory, file);
  const { s3Place } = await import("./s3_place.ts");
  return await s3Place(system, {
    ...options,
    to,
    caFile: path(ca),
    credentialsFile: path(credentials),
  });
}
