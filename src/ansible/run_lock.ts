/**
 * One run at a time for an inventory.
 *
 * The kernel drops the lock when its holder ends, however it ends, so that it cannot go stale. What
 * a killed holder leaves behind — its ansible-playbook — is ended by the next one.
 *
 * @module
 */

import { UserError } from "../errors/user_error.ts";
import type { System } from "../process/system.ts";
import { closeRun, type PastRun, pastRuns } from "./run_history.ts";
import { endProcessesOfRun } from "./run_processes.ts";

/** Exit code written down for a run whose tool was killed. */
const CUT_OFF = -1;

/** A lock that is held until it is disposed of. */
export interface RunLock extends Disposable {
  /** Runs whose tool had been killed and whose processes were ended now. */
  readonly ended: readonly PastRun[];
}

/**
 * Takes the lock of an inventory and ends what an earlier, killed run left running.
 *
 * @param inventory absolute path, symbolic links followed
 * @throws {UserError} exit code 1 where another run holds it
 */
export async function lockInventory(system: System, inventory: string): Promise<RunLock> {
  await Deno.mkdir(`${system.directories.state}/locks`, { recursive: true, mode: 0o700 });
  const path = await lockPath(system, inventory);
  const file = await Deno.open(path, { read: true, write: true, create: true, mode: 0o600 });
  try {
    if (!await file.tryLock(true)) throw await busyError(path, inventory);
    await file.truncate();
    await file.write(new TextEncoder().encode(`${Deno.pid}\n`));
    const ended = await endCutOffRuns(system, inventory);
    return { ended, [Symbol.dispose]: () => file.close() };
  } catch (error) {
    file.close();
    throw error;
  }
}

async function lockPath(
  { directories }: Pick<System, "directories">,
  inventory: string,
): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(inventory));
  return `${directories.state}/locks/${new Uint8Array(digest).toHex().slice(0, 16)}.lock`;
}

/** Who holds the lock of an inventory. */
export interface LockHolder {
  /** Process id. */
  readonly process: number;
  /** Milliseconds since the epoch. */
  readonly since: number;
}

/**
 * The process that runs something on an inventory; undefined where none does. The lock itself is
 * not touched, so that asking never stands in the way of a run that begins.
 *
 * @param inventory absolute path, symbolic links followed
 */
export async function lockHolder(
  system: Pick<System, "directories">,
  inventory: string,
): Promise<LockHolder | undefined> {
  const path = await lockPath(system, inventory);
  try {
    const holder = (await Deno.readTextFile(path)).trim();
    const since = (await Deno.stat(path)).mtime?.getTime();
    if (!/^[1-9]\d*$/.test(holder) || since === undefined) return undefined;
    return isAlive(Number(holder)) ? { process: Number(holder), since } : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined; // never locked
    throw error;
  }
}

function isAlive(process: number): boolean {
  try {
    // Signal 0 is sent to nobody (kill(2)); the types know only names.
    Deno.kill(process, 0 as unknown as Deno.Signal);
    return true;
  } catch (error) {
    return error instanceof Deno.errors.PermissionDenied; // another user's
  }
}

async function busyError(path: string, inventory: string): Promise<UserError> {
  const holder = (await Deno.readTextFile(path).catch(() => "")).trim();
  const who = /^\d+$/.test(holder) ? ` (process ${holder})` : "";
  return new UserError(`Another run on ${inventory} is under way${who}`, {
    hint: "Wait until it has ended, or end it with Ctrl-C where it runs.",
  });
}

async function endCutOffRuns(system: System, inventory: string): Promise<readonly PastRun[]> {
  const ended: PastRun[] = [];
  for (const run of await pastRuns(`${system.directories.state}/runs`)) {
    if (run.inventory !== inventory || run.result !== undefined) continue;
    if (await endProcessesOfRun(system, run.events) > 0) ended.push(run);
    await closeRun(run, { outcome: "interrupted", rc: CUT_OFF, seconds: 0 });
  }
  return ended;
}
