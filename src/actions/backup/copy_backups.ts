/**
 * Copies of backups at another place: made, listed beside those of this machine, and brought back.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { basename, join } from "node:path";
import { unreadable } from "../../errors/refusal.ts";
import { renderProblem } from "../../errors/render_error.ts";
import { safeText } from "../../errors/safe_text.ts";
import { shellWord } from "../../errors/shell_word.ts";
import { ExitCode, usageError, UserError } from "../../errors/user_error.ts";
import { makeTemporaryDirectory } from "../../process/temporary_directory.ts";
import type { ActionSystem } from "../action_system.ts";
import { amount, PROGRESS_MS } from "../transfer.ts";
import { encryptionIn, listBackups, type ListedBackup, noBackup } from "./backup_file.ts";
import { parseBackupName } from "./backup_name.ts";
import type { CopyPlace, LocalFile, StoredFile } from "./copy_place.ts";
import { writePart } from "./create_backup.ts";

/** How much of a file is read at once, in bytes. */
const CHUNK = 1 << 18;

/**
 * Copies a backup of this machine to a place, whole or not at all.
 *
 * @param tell hears what happens
 * @returns its address there
 * @throws {UserError} where it is not there afterwards; the file of this machine stays in any case
 */
export async function copyBackup(
  system: ActionSystem,
  { file, place }: { readonly file: string; readonly place: CopyPlace },
  tell: (words: string) => void,
): Promise<string> {
  const name = basename(file);
  if (parseBackupName(name) === undefined) {
    throw usageError(`${safeText(name)} is not the name of a backup`, {
      hint: "Copies are found by name: rename the file to the name it was created with.",
    });
  }
  try {
    const { size } = await Deno.stat(file).catch(unreadable(file, ExitCode.Failed));
    tell(`Copying ${file} to ${place.address} (${amount(size, size)}).`);
    if (!await place.put(await localFile(system, file, tell))) tell(`${name} is already there.`);
    return `${place.address}/${name}`;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(`${file} is kept, but has no copy: ${renderProblem(error)}`, {
      exitCode: error.exitCode,
      hint: `${error.hint === undefined ? "" : `${error.hint}\n`}` +
        `To copy it again: k3s-tool backup copy ${shellWord(file)}`,
      cause: error,
    });
  }
}

/** Says now and then how much of a file was transferred; called with each piece. */
function progressOf(
  { clock }: ActionSystem,
  { name, bytes }: { readonly name: string; readonly bytes: number },
  tell: (words: string) => void,
): (piece: Uint8Array) => void {
  let [done, told] = [0, clock.now()];
  return (piece) => {
    done += piece.length;
    if (clock.now() - told < PROGRESS_MS) return;
    told = clock.now();
    tell(`${name}: ${amount(done, bytes)}`);
  };
}

async function localFile(
  system: ActionSystem,
  path: string,
  tell: (words: string) => void,
): Promise<LocalFile> {
  const name = basename(path);
  const [sha256, md5] = [createHash("sha256"), createHash("md5")];
  let bytes = 0;
  for await (const chunk of chunksOf(path)) {
    system.signal.throwIfAborted();
    sha256.update(chunk);
    md5.update(chunk);
    bytes += chunk.length;
  }
  return {
    path,
    name,
    bytes,
    sha256: sha256.digest("hex"),
    md5: md5.digest("base64"),
    read: async function* () {
      const heard = progressOf(system, { name, bytes }, tell);
      for await (const chunk of chunksOf(path)) {
        yield chunk;
        heard(chunk);
      }
    },
  };
}

async function* chunksOf(path: string): AsyncGenerator<Uint8Array> {
  const failed = unreadable(path, ExitCode.Failed);
  using file = await Deno.open(path).catch(failed);
  for (;;) {
    const buffer = new Uint8Array(CHUNK);
    const read = await file.read(buffer).catch(failed);
    if (read === null) return;
    yield buffer.subarray(0, read);
  }
}

/** What a place has beside a directory. */
export interface Copies {
  /** Backups of the directory, each with the address of its copy, and those that only the place has; newest first. */
  readonly all: readonly ListedBackup[];
  /** What the place has, each with its address as its file. */
  readonly there: readonly ListedBackup[];
  /** Names of files that are not of the same size at both places. */
  readonly different: readonly string[];
}

/** Lists the backups of a directory and of a place together. */
export async function listCopies(directory: string, place: CopyPlace): Promise<Copies> {
  const here = await listBackups(directory);
  const byName = new Map(here.map((backup) => [basename(backup.file), backup]));
  const stored = await place.list((name) =>
    !byName.has(name) && parseBackupName(name) !== undefined
  );
  const there = stored.flatMap(({ name, bytes, start }): ListedBackup[] => {
    const said = parseBackupName(name);
    if (said === undefined) return [];
    const file = `${place.address}/${name}`;
    const encryptedTo = byName.get(name)?.encryptedTo ?? encryptionIn(start ?? new Uint8Array());
    return [{ ...said, file, bytes, encryptedTo, copy: file }];
  });
  const copies = new Map(there.map((backup) => [basename(backup.file), backup]));
  const all = [
    ...here.map((backup) => ({ ...backup, copy: copies.get(basename(backup.file))?.file ?? null })),
    ...there.filter(({ file }) => !byName.has(basename(file))),
  ];
  return {
    all: all.sort((a, b) => b.time - a.time || (a.file < b.file ? -1 : 1)),
    there,
    different: [...copies].flatMap(([name, { bytes }]) =>
      byName.has(name) && byName.get(name)?.bytes !== bytes ? [name] : []
    ),
  };
}

/** A backup as a file of this machine, for as long as it is not disposed of. */
export interface OpenedBackup extends AsyncDisposable {
  readonly path: string;
  /** What it is called to a person: the path, or the address that it was fetched from. */
  readonly address: string;
}

/**
 * Fetches the copy of a backup, by its name or its address, to a temporary file.
 *
 * @throws {UserError} exit code 2 where there is none
 */
export async function fetchCopy(
  system: ActionSystem,
  { place, name: named }: { readonly place: CopyPlace | undefined; readonly name: string },
  tell: (words: string) => void,
): Promise<OpenedBackup> {
  if (place === undefined) throw noPlace();
  const before = `${place.address}/`;
  const name = named.startsWith(before) ? named.slice(before.length) : named;
  if (parseBackupName(name) === undefined) throw noBackup(named, place.address);
  const stored = (await place.list(() => false)).find((each) => each.name === name);
  if (stored === undefined) throw noBackup(name, place.address);
  const address = before + name;
  tell(`Fetching ${address}.`);
  const temporary = await makeTemporaryDirectory("k3s-tool-backup-");
  const path = join(temporary, name);
  const dispose = () => Deno.remove(temporary, { recursive: true });
  try {
    await fetchWhole(system, { place, address, stored, path }, tell);
    return { path, address, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

async function fetchWhole(
  system: ActionSystem,
  { place, address, stored, path }: {
    readonly place: CopyPlace;
    readonly address: string;
    readonly stored: StoredFile;
    readonly path: string;
  },
  tell: (words: string) => void,
): Promise<void> {
  const heard = progressOf(system, stored, tell);
  let left = stored.bytes;
  const otherwise = () => new UserError(`${address} does not have the size that was listed`);
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>({
    transform: (chunk, controller) => {
      heard(chunk);
      left -= chunk.length;
      if (left < 0) throw otherwise();
      controller.enqueue(chunk);
    },
    flush: () => {
      if (left > 0) throw otherwise();
    },
  });
  const [got, written] = await Promise.allSettled([
    place.get(stored.name, writable),
    writePart(path, readable),
  ]);
  system.signal.throwIfAborted();
  // A disk that is full ends the transfer, and what the place says ends the writing.
  if (written.status === "rejected") throw written.reason;
  if (got.status === "rejected") throw got.reason;
  if (got.value !== undefined && written.value !== got.value) {
    throw new UserError(`${address} is not what was copied there: its checksum differs`, {
      hint: "Delete it there. If the file is on this machine, copy it again.",
    });
  }
}

/** What is said where the inventory names no place for copies. */
export function noPlace(): UserError {
  return usageError("backup_copy is not set in the inventory: it names the place for copies", {
    hint: `Set it: k3s-tool config set backup_copy '{"to": "s3://BUCKET"}' --type json`,
  });
}
