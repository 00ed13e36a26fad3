/**
 * One writer at a time.
 *
 * @module
 */

import { safeText } from "../errors/safe_text.ts";
import { UserError } from "../errors/user_error.ts";
import type { Clock } from "./system.ts";

/** How long to wait for another process, in milliseconds. An edit takes a fraction of a second. */
const LOCK_LIMIT_MS = 10_000;
const POLL_MS = 20;

/** What waiting for a lock needs. */
export interface LockOptions {
  readonly clock: Clock;
  readonly signal?: AbortSignal;
  /** Default {@linkcode LOCK_LIMIT_MS}. */
  readonly limitMs?: number;
}

/**
 * A file or directory to lock. What disposes of it unlocks it first: a program that is being started has the
 * handle until it executes, and with it a lock that is only closed.
 */
export async function openLockable(path: string, options?: Deno.OpenOptions): Promise<Deno.FsFile> {
  const handle = await Deno.open(path, options);
  return Object.assign(handle, {
    [Symbol.dispose]: () => {
      handle.unlockSync();
      handle.close();
    },
  });
}

/** Tries until a lock is taken. @throws {UserError} `busy`, where another process holds it for too long */
export async function takeLock(
  attempt: () => Promise<boolean>,
  { clock, signal, limitMs = LOCK_LIMIT_MS }: LockOptions,
  busy: () => UserError | Promise<UserError>,
): Promise<void> {
  for (const until = clock.now() + limitMs; !await attempt();) {
    if (clock.now() >= until) throw await busy();
    await clock.sleep(POLL_MS, signal);
  }
}

/**
 * Runs `work` while no other process holds the directory.
 *
 * The lock is `flock(2)` on the directory itself: it leaves no file behind, holds for every user of
 * the machine, and the kernel releases it with the process, however that ends.
 *
 * @throws {UserError} exit code 1 where another process holds it for too long
 */
export async function withDirectoryLock<T>(
  directory: string,
  options: LockOptions,
  work: () => Promise<T>,
): Promise<T> {
  using handle = await openLockable(directory);
  await takeLock(() => tryLock(handle, directory), options, () => busy(directory, options.limitMs));
  return await work();
}

async function tryLock(handle: Deno.FsFile, directory: string): Promise<boolean> {
  try {
    return await handle.tryLock(true);
  } catch (cause) {
    throw new UserError(`Cannot lock the directory: ${(cause as Error).message}`, {
      where: { file: directory },
      hint: "Some network file systems have no locks: use a directory on a local disk.",
      cause,
    });
  }
}

function busy(directory: string, limitMs = LOCK_LIMIT_MS): UserError {
  const holder = holderOf(directory);
  const who = holder === undefined ? "Another process" : safeText(holder);
  return new UserError(
    `${who} has been writing to this directory for ${Math.round(limitMs / 1000)} seconds; ` +
      "nothing was written to it",
    { where: { file: directory }, hint: "Try again when it is done." },
  );
}

/** The program that holds the lock, where the system tells (Linux: proc(5), /proc/locks). */
function holderOf(directory: string): string | undefined {
  try {
    const { ino } = Deno.statSync(directory);
    const line = Deno.readTextFileSync("/proc/locks").split("\n")
      .find((each) => each.includes("FLOCK") && each.includes(`:${ino} `));
    const pid = /WRITE\s+(\d+)\s/.exec(line ?? "")?.[1];
    if (pid === undefined) return undefined;
    const words = Deno.readTextFileSync(`/proc/${pid}/cmdline`).split("\0").filter(Boolean);
    return `${words[0]?.split("/").at(-1) ?? "A process"} (process ${pid})`;
  } catch {
    // Another system, or a process that has just ended: then nobody is named.
    return undefined;
  }
}
