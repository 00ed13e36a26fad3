/**
 * One run at a time for an inventory.
 *
 * The kernel drops the lock when its holder ends, however it ends, so that it cannot go stale. What
 * a killed holder leaves behind — its ansible-playbook, and files that only that needs — is ended and
 * removed by the next one.
 *
 * @module
 */

import { sha256 } from "../../process/digest.ts";
import { UserError } from "../../errors/user_error.ts";
import { openLockable } from "../../process/lock.ts";
import { ifThere } from "../../process/small_file.ts";
import type { System } from "../../process/system.ts";
import { closeRun, type PastRun, pastRuns } from "./run_history.ts";
import { endProcessesOfRun, removeTemporary } from "./run_processes.ts";

/** Exit code written down for a run whose tool was killed. */
export const CUT_OFF = -1;

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
  const options = { read: true, write: true, create: true, mode: 0o600 };
  const file = await openLockable(path, options);
  try {
    if (!await file.tryLock(true)) throw await busyError(path, inventory);
    await file.truncate();
    const born = await processStart(system, Deno.pid);
    await file.write(new TextEncoder().encode(`${Deno.pid} ${born}\n`));
    const ended = await endCutOffRuns(system, inventory);
    return { ended, [Symbol.dispose]: () => file[Symbol.dispose]() };
  } catch (error) {
    file[Symbol.dispose]();
    throw error;
  }
}

async function lockPath(
  { directories }: Pick<System, "directories">,
  inventory: string,
): Promise<string> {
  return `${directories.state}/locks/${(await sha256(inventory)).slice(0, 16)}.lock`;
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
  system: Pick<System, "directories" | "runner">,
  inventory: string,
): Promise<LockHolder | undefined> {
  const path = await lockPath(system, inventory);
  const text = await ifThere(Deno.readTextFile(path)) ?? ""; // never locked
  const [, id, born] = /^([1-9]\d*) (.+)$/m.exec(text) ?? [];
  const since = (await ifThere(Deno.stat(path)))?.mtime?.getTime();
  if (id === undefined || since === undefined) return undefined;
  // The number alone may be another program's by now.
  if (await processStart(system, Number(id)) !== born) return undefined;
  return { process: Number(id), since };
}

/**
 * When a process was started, as no later process of the same number is; undefined where there is no
 * such process. On Linux the boot and the clock ticks since (proc_pid_stat(5), field 22), elsewhere
 * what `ps` says.
 */
async function processStart(
  { runner }: Pick<System, "runner">,
  id: number,
): Promise<string | undefined> {
  if (Deno.build.os !== "linux") {
    const { stdout } = await runner.run(["ps", "-o", "lstart=", "-p", String(id)], {
      env: { LC_ALL: "C", TZ: "UTC" },
    });
    return stdout.trim() || undefined;
  }
  try {
    const boot = await Deno.readTextFile("/proc/sys/kernel/random/boot_id");
    const stat = await Deno.readTextFile(`/proc/${id}/stat`);
    // The second field, the program's name in parentheses, may hold anything.
    const ticks = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
    return `${boot.trim()} ${ticks}`;
  } catch {
    return undefined;
  }
}

async function busyError(path: string, inventory: string): Promise<UserError> {
  const [, holder] = /^(\d+) /.exec(await Deno.readTextFile(path).catch(() => "")) ?? [];
  const who = holder === undefined ? "" : ` (process ${holder})`;
  return new UserError(`Another run on ${inventory} is under way${who}`, {
    hint: "Wait until it has ended, or end it with Ctrl-C where it runs.",
  });
}

async function endCutOffRuns(system: System, inventory: string): Promise<readonly PastRun[]> {
  const cutOff: PastRun[] = [];
  for (const run of await pastRuns(`${system.directories.state}/runs`)) {
    if (run.inventory !== inventory || run.result !== undefined) continue;
    // It took until its last event.
    const ended = (await ifThere(Deno.stat(run.events)))?.mtime?.getTime() ?? 0;
    const seconds = Math.max(0, (ended - Date.parse(run.startedAt)) / 1000);
    if (await endProcessesOfRun(system, run.events) > 0) cutOff.push(run);
    await removeTemporary(run.directory);
    await closeRun(run, { outcome: "interrupted", rc: CUT_OFF, seconds });
  }
  return cutOff;
}
