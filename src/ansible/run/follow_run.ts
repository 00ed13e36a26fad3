/**
 * Runs that another process makes — another terminal, a script — as they happen.
 *
 * @module
 */

import type { System } from "../../process/system.ts";
import type { RunEvent } from "../events/event.ts";
import { followEvents } from "../events/event_file.ts";
import { endEvent } from "./run_playbook.ts";
import { type PastRun, pastRun, pastRuns } from "./run_history.ts";
import { CUT_OFF, type LockHolder, lockHolder } from "./run_lock.ts";

/** How often it is looked whether a run has begun, in milliseconds. */
const LOOK_MS = 2_000;

/** How often it is looked whether a run is over, in milliseconds. */
const END_MS = 250;

/** What following a run needs of the machine. */
type Machine = Pick<System, "directories" | "clock" | "runner">;

/**
 * The events of runs that others make on an inventory, also of one that is under way: one run after
 * the other, each from `started` to `end`, until the signal is aborted.
 *
 * Runs of this process are left out: who makes them has their events.
 *
 * @param options.inventory absolute path of its file
 */
export async function* followRuns(
  system: Machine,
  { inventory, signal }: { readonly inventory: string; readonly signal: AbortSignal },
): AsyncGenerator<RunEvent, void> {
  const file = await Deno.realPath(inventory).catch(() => inventory);
  let seen = "";
  while (!signal.aborted) {
    const holder = await lockHolder(system, file);
    const run = holder === undefined || holder.process === Deno.pid
      ? undefined
      : await runOf(system, { file, holder });
    if (run !== undefined && run.directory !== seen) {
      seen = run.directory;
      yield* followRun(system, { run, file, signal });
    }
    await pause(system, { ms: LOOK_MS, signal });
  }
}

/** The run that the holder of the lock has begun; undefined before it is written down. */
async function runOf(
  { directories }: Pick<System, "directories">,
  { file, holder }: { readonly file: string; readonly holder: LockHolder },
): Promise<PastRun | undefined> {
  const runs = await pastRuns(`${directories.state}/runs`);
  return runs.find(({ inventory, result, startedAt }) =>
    // What an earlier, killed process left lies there without a result too.
    inventory === file && result === undefined && Date.parse(startedAt) >= holder.since
  );
}

async function* followRun(
  system: Machine,
  { run, file, signal }: {
    readonly run: PastRun;
    readonly file: string;
    readonly signal: AbortSignal;
  },
): AsyncGenerator<RunEvent, void> {
  const { directory, log, startedAt } = run;
  yield { type: "started", ts: startedAt, directory, log };
  const stop = new AbortController();
  const until = AbortSignal.any([signal, stop.signal]);
  const ended = endOf(system, { run, file, signal: until });
  try {
    yield* followEvents(run.events, { ended, clock: system.clock });
    const result = await ended;
    if (signal.aborted) return;
    yield await endEvent(system, run, result ?? { outcome: "interrupted", rc: CUT_OFF });
  } finally {
    stop.abort();
    await ended;
  }
}

/** Settles with the run's result, or with nothing where its process ended without one. */
async function endOf(
  system: Machine,
  { run, file, signal }: {
    readonly run: PastRun;
    readonly file: string;
    readonly signal: AbortSignal;
  },
): Promise<PastRun["result"]> {
  while (!signal.aborted) {
    // Asked before reading: a process that ends well writes its result first.
    const holder = await lockHolder(system, file);
    const result = (await pastRun(run.directory))?.result;
    if (result !== undefined || holder === undefined) return result;
    await pause(system, { ms: END_MS, signal });
  }
  return undefined;
}

async function pause(
  { clock }: Pick<System, "clock">,
  { ms, signal }: { readonly ms: number; readonly signal: AbortSignal },
): Promise<void> {
  try {
    await clock.sleep(ms, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
