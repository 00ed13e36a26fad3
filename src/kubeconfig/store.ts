/**
 * Writes a person's kubeconfig: whole or not at all, with a copy of what was there; and where that of
 * a cluster is kept that this tool provisioned.
 *
 * @module
 */

import { basename, dirname, join } from "node:path";
import { UserError } from "../errors/user_error.ts";
import { writeAtomically } from "../process/atomic_write.ts";
import { openLockable, takeLock } from "../process/lock.ts";
import { ifThere } from "../process/small_file.ts";
import type { Clock, System } from "../process/system.ts";
import { sha256 } from "../process/digest.ts";

/** Only the person reads it: it holds a key that may do anything. */
const MODE = 0o600;

/** How long another writer is waited for, and after what time its lock counts as left behind. */
const LOCK_WAIT_MS = 5_000;
const LOCK_STALE_MS = 30_000;

/**
 * Reads the file (empty where there is none), and writes what `update` makes of it.
 *
 * Returns the file written, symbolic links followed, and where the former content is kept: undefined
 * where there was none or nothing changed. kubectl's own lock is taken meanwhile (client-go `tools/clientcmd/config.go`).
 *
 * @throws {UserError} exit code 1 where another process holds the lock, or the system refuses
 */
export async function updateKubeconfig<R extends { text: string; changed: boolean }>(
  path: string,
  { clock, update }: { readonly clock: Clock; readonly update: (text: string) => R },
) {
  const file = await ifThere(Deno.realPath(path)).catch((error) => {
    throw refused("written", path, error);
  }) ?? path;
  const unlock = await lock(file, clock);
  try {
    const old = await ifThere(Deno.readTextFile(file)).catch((error) => {
      throw refused("read", file, error);
    });
    const result = update(old ?? "");
    if (!result.changed) return { result, file, backup: undefined };
    const backup = old === undefined ? undefined : await keep(old, { file, now: clock.now() });
    await writeAtomically(file, result.text, { mode: MODE });
    return { result, file, backup };
  } finally {
    await unlock();
  }
}

/** Each holds a key that may do anything: no more of them than a person goes back to. */
const KEPT_BACKUPS = 3;

/** The stamp of {@linkcode keep}. */
const BACKUP = /^\.(\d{8}T\d{6}Z)(?:-(\d+))?\.bak$/;

/** A backup of a kubeconfig; `count` tells those of one second apart. */
interface Backup {
  readonly path: string;
  readonly stamp: string;
  readonly count: number;
}

/** Keeps a text beside the file, and of earlier ones the newest, for the person alone. */
async function keep(
  text: string,
  { file, now }: { readonly file: string; readonly now: number },
): Promise<string> {
  const stamp = new Date(now).toISOString().replace(/[-:]|\.\d+/g, "");
  const before = await backupsOf(file);
  const latest = before.findLast((each) => each.stamp === stamp);
  const count = latest === undefined ? 0 : latest.count + 1;
  const path = `${file}.${stamp}${count === 0 ? "" : `-${count}`}.bak`;
  await Deno.writeTextFile(path, text, { createNew: true, mode: MODE });
  const kept = before.slice(1 - KEPT_BACKUPS);
  for (const each of before) {
    if (kept.includes(each)) await Deno.chmod(each.path, MODE);
    else await ifThere(Deno.remove(each.path));
  }
  return path;
}

/** The backups of a file, the newest last. */
async function backupsOf(file: string): Promise<readonly Backup[]> {
  const [directory, name] = [dirname(file), basename(file)];
  const found: Backup[] = [];
  for await (const entry of Deno.readDir(directory)) {
    const parts = entry.name.startsWith(name) ? BACKUP.exec(entry.name.slice(name.length)) : null;
    if (parts === null || !entry.isFile) continue;
    const [, stamp = "", count = "0"] = parts;
    found.push({ path: join(directory, entry.name), stamp, count: Number(count) });
  }
  return found.sort((a, b) => a.stamp === b.stamp ? a.count - b.count : a.stamp < b.stamp ? -1 : 1);
}

/** kubectl's own lock: a file that only one process can make; returns what gives it back. */
async function lock(file: string, clock: Clock): Promise<() => Promise<void>> {
  const path = `${file}.lock`;
  const isLeftBehind = async () => {
    const since = (await ifThere(Deno.stat(path)))?.mtime?.getTime();
    return since !== undefined && clock.now() - since > LOCK_STALE_MS;
  };
  const make = async () => {
    try {
      (await Deno.open(path, { createNew: true, write: true })).close();
      return true;
    } catch (error) {
      if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    }
    if (await isLeftBehind()) {
      // One process at a time, and what it looks at now: another may have taken it over since.
      using directory = await openLockable(dirname(file));
      await directory.lock(true);
      if (await isLeftBehind()) await ifThere(Deno.remove(path));
    }
    return false;
  };
  try {
    await Deno.mkdir(dirname(file), { recursive: true, mode: 0o700 });
    await takeLock(
      make,
      { clock, limitMs: LOCK_WAIT_MS },
      () =>
        new UserError("Another process is writing your kubeconfig", {
          where: { file: path },
          hint: "Try again when it is done. If no such process is running, remove that file.",
        }),
    );
    return async () => await ifThere(Deno.remove(path));
  } catch (error) {
    throw error instanceof UserError ? error : refused("written", file, error);
  }
}

function refused(what: "read" | "written", path: string, cause: unknown): UserError {
  const why = (cause as Error).message;
  return new UserError(`Your kubeconfig ${path} cannot be ${what}: ${why}`, {
    hint:
      "Check the permissions of the file and its directory, or name another file with --kubeconfig.",
    cause,
  });
}

/**
 * Path of the kubeconfig for an inventory; written by `provision`, mode 0600. Nothing is made.
 *
 * @param inventory absolute path of the inventory file
 */
export async function storedKubeconfig(
  { directories }: Pick<System, "directories">,
  inventory: string,
): Promise<string> {
  return `${folderOf(directories)}/${(await sha256(inventory)).slice(0, 16)}.yaml`;
}

/** Like {@linkcode storedKubeconfig}, for whoever writes it: its folder (0700) is made. */
export async function newStoredKubeconfig(
  system: Pick<System, "directories">,
  inventory: string,
): Promise<string> {
  await Deno.mkdir(folderOf(system.directories), { recursive: true, mode: 0o700 });
  return await storedKubeconfig(system, inventory);
}

function folderOf({ state }: System["directories"]): string {
  return `${state}/kubeconfigs`;
}
