/**
 * Files that are either as they were or as they should be, whatever happens in between.
 *
 * Own code, as write-file-atomic leaves randomly named files behind when it is killed and does not
 * wait for the directory to reach the disk.
 *
 * @module
 */

import { basename, dirname, join } from "node:path";
import { refusalReason } from "../errors/refusal.ts";
import { UserError } from "../errors/user_error.ts";
import { openLockable } from "./lock.ts";
import { ifThere } from "./small_file.ts";

/** How a file is written. */
export interface WriteOptions {
  /** The directory whose lock the caller holds; other directories are locked for the write. */
  readonly locked?: string;
  /** The file's mode afterwards; without it a file keeps its own and a new one gets the usual. */
  readonly mode?: number;
}

/**
 * Replaces a file's content, or makes the file and its directory. Symbolic links are followed; mode
 * and owner stay. When it returns the content is on the disk.
 *
 * @throws {UserError} exit code 1 where it cannot be written; the file is then as it was
 */
export async function writeAtomically(
  path: string,
  text: string,
  { locked, mode }: WriteOptions = {},
): Promise<void> {
  try {
    const target = await targetOf(path);
    const directory = dirname(target);
    await Deno.mkdir(directory, { recursive: true });
    using handle = await openLockable(directory);
    // Two locks of one process on one directory would wait for each other.
    if (directory !== locked) await handle.lock(true);
    await replace(target, { text, mode });
    await handle.sync();
  } catch (error) {
    throw error instanceof UserError ? error : cannotWrite(path, error);
  }
}

/** The error of a write where nothing else was written before: it says so. */
export function nothingWritten(error: unknown): unknown {
  if (!(error instanceof UserError)) return error;
  const { exitCode, hint, cause } = error;
  return new UserError(`${error.message}; nothing was written`, {
    exitCode,
    hint,
    cause,
  });
}

/** Takes away what a killed process left behind, where nobody writes the file again. */
export async function removeUnfinished(path: string): Promise<void> {
  const target = await targetOf(path);
  if (await ifThere(Deno.lstat(temporaryName(target))) === undefined) return;
  using handle = await openLockable(dirname(target));
  await handle.lock(true);
  await Deno.remove(temporaryName(target)).catch(() => undefined);
}

/** Whose content a temporary file of this name was meant to be; it never lives on past the lock. */
function temporaryName(target: string): string {
  return join(dirname(target), `.${basename(target)}.k3s-tool`);
}

async function targetOf(path: string): Promise<string> {
  const target = await ifThere(Deno.realPath(path));
  if (target !== undefined) return target;
  const link = await Deno.lstat(path).catch(() => undefined);
  if (link === undefined) return path;
  throw new UserError(`${path} is a symbolic link to a file that does not exist`);
}

async function replace(
  target: string,
  { text, mode }: { readonly text: string; readonly mode: number | undefined },
): Promise<void> {
  const old = await ifThere(Deno.stat(target));
  // A rename would put a file in the place of a device such as /dev/null.
  if (old?.isFile === false) throw new UserError(`${target} is not a regular file`);
  if (old?.mode !== undefined && old.mode !== null && (old.mode & 0o222) === 0) {
    throw new UserError(`${target} is read-only`, {
      hint: `Allow writing first: chmod u+w ${target}`,
    });
  }
  const temporary = temporaryName(target);
  // Left behind by a process that was killed; the lock says that nobody is at it now.
  await Deno.remove(temporary).catch(() => undefined);
  try {
    await writeTemporary(temporary, { text, old, mode });
    await Deno.rename(temporary, target);
  } catch (error) {
    await Deno.remove(temporary).catch(() => undefined);
    throw error;
  }
}

async function writeTemporary(
  path: string,
  { text, old, mode }: {
    readonly text: string;
    readonly old: Deno.FileInfo | undefined;
    readonly mode: number | undefined;
  },
): Promise<void> {
  const secret = old !== undefined || mode !== undefined;
  const options = { write: true, createNew: true, ...(secret ? { mode: 0o600 } : {}) };
  using file = await Deno.open(path, options);
  const bytes = new TextEncoder().encode(text);
  for (let written = 0; written < bytes.length;) {
    written += await file.write(bytes.subarray(written));
  }
  if (old !== undefined) {
    const own = await file.stat();
    if (own.uid !== old.uid || own.gid !== old.gid) await Deno.chown(path, old.uid, old.gid);
  }
  const kept = mode ?? old?.mode ?? undefined;
  if (kept !== undefined) await Deno.chmod(path, kept & 0o7777);
  await file.sync();
}

function cannotWrite(path: string, cause: unknown): UserError {
  const denied = cause instanceof Deno.errors.PermissionDenied ||
    cause instanceof Deno.errors.NotCapable;
  const why = denied ? "permission denied" : refusalReason(cause);
  return new UserError(`Cannot write ${path}: ${why}`, {
    hint: denied
      ? `Writing needs the right to create files in ${dirname(path)} and to keep the file's owner.`
      : "Look at the disk and the directory, then try again.",
    cause,
  });
}
