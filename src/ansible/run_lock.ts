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
  const { state } = system.directories;
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(inventory));
  await Deno.mkdir(`${state}/locks`, { recursive: true, mode: 0o700 });
  const path = `${state}/locks/${new Uint8Array(digest).toHex().slice(0, 16)}.lock`;
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
