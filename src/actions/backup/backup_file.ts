/**
 * Backups as files: encrypted with age (https://age-encryption.org/v1), in one directory for each cluster.
 *
 * @module
 */

import { basename, join } from "node:path";
import { unreadable } from "../../errors/refusal.ts";
import { safeText } from "../../errors/safe_text.ts";
import { ExitCode, usageError, UserError } from "../../errors/user_error.ts";
import type { Inventory } from "../../inventory/model.ts";
import { workstationPath } from "../../inventory/workstation_path.ts";
import { ifThere } from "../../process/small_file.ts";
import type { System } from "../../process/system.ts";
import { type BackupName, parseBackupName } from "./backup_name.ts";
import { inspectContent, type Manifest } from "./backup_content.ts";

/** A backup as a list shows it. */
export interface ListedBackup extends BackupName {
  readonly file: string;
  readonly bytes: number;
  readonly encryptedTo: EncryptedTo;
  /** Address of its copy; null where it has none, or where nobody looked. */
  readonly copy?: string | null;
}

/** What opens a file, as its header tells; it does not name a recipient. */
export type EncryptedTo = "passphrase" | "recipient" | "unreadable";

/** What opens or seals a backup: exactly one of them. */
export type Secret =
  | { readonly passphrase: string }
  | { readonly recipients: readonly string[] }
  /** The text of an identity file, as age-keygen writes it. */
  | { readonly identities: string };

/** Where backups of a cluster are, unless another directory is given: `backup_dir`, else the state directory. */
export function backupDirectory(
  system: Pick<System, "directories">,
  inventory: Inventory,
): string {
  return workstationPath(system, inventory, "backup_dir") ??
    join(system.directories.state, "backups", inventory.cluster.clusterName);
}

/** Backups in a directory, newest first; what is none of this tool's is left out. */
export async function listBackups(directory: string): Promise<readonly ListedBackup[]> {
  const entries = await ifThere(Array.fromAsync(Deno.readDir(directory))) ?? [];
  const found: ListedBackup[] = [];
  for (const { name, isFile } of entries) {
    const said = isFile ? parseBackupName(name) : undefined;
    if (said === undefined) continue;
    const file = join(directory, name);
    const status = await ifThere(Deno.stat(file));
    if (status === undefined) continue; // removed meanwhile
    found.push({ ...said, file, bytes: status.size, encryptedTo: await encryptionOf(file) });
  }
  return found.sort((a, b) => b.time - a.time || (a.file < b.file ? -1 : 1));
}

async function encryptionOf(file: string): Promise<EncryptedTo> {
  const start = new Uint8Array(256);
  try {
    using opened = await Deno.open(file);
    await opened.read(start);
  } catch {
    return "unreadable";
  }
  return encryptionIn(start);
}

/** The first stanza of age's header names what opens the file (C2SP age.md). */
export function encryptionIn(start: Uint8Array): EncryptedTo {
  const [version, stanza = ""] = new TextDecoder().decode(start).split("\n");
  if (version !== "age-encryption.org/v1" || !stanza.startsWith("-> ")) return "unreadable";
  return stanza.startsWith("-> scrypt ") ? "passphrase" : "recipient";
}

/** The file that a person named: a path, or the name of a backup in the directory; undefined where there is none. */
export async function findBackup(
  { cwd, directory }: { readonly cwd: string; readonly directory: string },
  name: string,
): Promise<string | undefined> {
  const places = [name.startsWith("/") ? name : join(cwd, name)];
  if (basename(name) === name) places.push(join(directory, name));
  for (const place of places) {
    if ((await ifThere(Deno.stat(place)))?.isFile) return place;
  }
  return undefined;
}

/** The same. @throws {UserError} exit code 2 where there is none */
export async function requireBackup(
  where: { readonly cwd: string; readonly directory: string },
  name: string,
): Promise<string> {
  const file = await findBackup(where, name);
  if (file === undefined) throw noBackup(name, where.directory);
  return file;
}

/** What is said where there is no backup of a name. */
export function noBackup(name: string, where: string): UserError {
  const there = basename(name) === name && where !== "" ? ` in ${where}` : "";
  return usageError(`There is no backup ${safeText(name)}${there}`, {
    hint: "List the backups with: k3s-tool backup list",
  });
}

/**
 * Decrypts a backup and checks every byte of it; nothing is written.
 *
 * @throws {UserError} exit code 1 where it is damaged or the secret does not open it
 */
export async function verifyBackup(file: string, secret: Secret): Promise<Manifest> {
  return await inspectContent(await decryptBackup(file, secret));
}

/**
 * The content of a backup, decrypted as it is read.
 *
 * @throws {UserError} exit code 1 where it cannot be read or the secret does not open it
 */
export async function decryptBackup(
  file: string,
  secret: Secret,
): Promise<ReadableStream<Uint8Array>> {
  const { Decrypter } = await import("age-encryption");
  const decrypter = new Decrypter();
  if ("passphrase" in secret) decrypter.addPassphrase(secret.passphrase);
  if ("identities" in secret) {
    const lines = secret.identities.split(/\r?\n/).map((line) => line.trim());
    const keys = lines.filter((line) => line.startsWith("AGE-SECRET-KEY-"));
    if (keys.length === 0) {
      throw usageError("The identity file has no private age key", {
        hint: "Use the file that age-keygen wrote; its key begins with AGE-SECRET-KEY-1.",
      });
    }
    keys.forEach((key) => decrypter.addIdentity(key));
  }
  const opened = await Deno.open(file).catch(unreadable(file, ExitCode.Failed));
  try {
    return await decrypter.decrypt(opened.readable);
  } catch (error) {
    // Its stream was not read to the end.
    try {
      opened.close();
    } catch { /* the stream has closed it */ }
    throw new UserError(`${file} cannot be decrypted: ${reason(error)}`, {
      hint: "Try the other passphrase or key. If it is the right one, the file is damaged.",
      cause: error,
    });
  }
}

function reason(error: unknown): string {
  const { message } = error as Error;
  return /no identity matched/i.test(message) ? "the passphrase or key does not open it" : message;
}

/** Adds what opens the result. @throws {UserError} exit code 2 for a recipient that is none */
export async function encrypterFor(secret: Secret) {
  const { Encrypter } = await import("age-encryption");
  const encrypter = new Encrypter();
  if ("passphrase" in secret) encrypter.setPassphrase(secret.passphrase);
  if ("recipients" in secret) {
    for (const recipient of secret.recipients) {
      try {
        encrypter.addRecipient(recipient);
      } catch (cause) {
        throw usageError(`${safeText(recipient)} is not an age recipient`, {
          hint: "Give the public key that age-keygen prints: age1…",
          cause,
        });
      }
    }
  }
  return encrypter;
}
