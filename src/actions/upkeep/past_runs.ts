/**
 * Runs on hosts that are kept: all of them, one by name, and one again, event by event.
 *
 * @module
 */

import { basename } from "node:path";
import type { RunEvent } from "../../ansible/events/event.ts";
import { readEvents } from "../../ansible/events/event_file.ts";
import { type PastRun, pastRuns } from "../../ansible/run/run_history.ts";
import { didYouMean } from "../../errors/nearest.ts";
import { safeText } from "../../errors/safe_text.ts";
import { usageError, UserError } from "../../errors/user_error.ts";
import type { System } from "../../process/system.ts";

/** A run that is kept, and its name: the moment of its start and its playbook. */
export interface NamedRun extends PastRun {
  readonly name: string;
}

type Kept = Pick<System, "directories">;

/** All runs that are kept, newest first. */
export async function listRuns({ directories }: Kept): Promise<readonly NamedRun[]> {
  const runs = await pastRuns(`${directories.state}/runs`);
  return runs.map((run) => ({ ...run, name: basename(run.directory) }));
}

/**
 * One run.
 *
 * @param name its name or the beginning of it; the newest run where there is none
 * @throws {UserError} exit code 2 where it names none or several, 1 where no run is kept at all
 */
export async function findRun(system: Kept, name: string | undefined): Promise<NamedRun> {
  const runs = await listRuns(system);
  const [newest] = runs;
  if (newest === undefined) {
    throw new UserError("No run has been kept on this machine yet", {
      hint: "The first one is kept when you run: k3s-tool provision",
    });
  }
  if (name === undefined) return newest;
  const found = runs.filter((run) => run.name.startsWith(name));
  const run = found.find((run) => run.name === name) ?? found[0];
  if (run === undefined) {
    const names = runs.map((run) => run.name);
    throw usageError(`There is no run ${safeText(name)}`, {
      hint: didYouMean(name, names, "List the runs with: k3s-tool runs list"),
    });
  }
  if (run.name !== name && found.length > 1) {
    throw usageError(`${found.length} runs begin with ${safeText(name)}`, {
      hint: `Give more of the name: ${found.map((run) => run.name).join(", ")}.`,
    });
  }
  return run;
}

/** The run once more, as it was seen. One that never came to an end has no event `end`. */
export async function* replay(run: PastRun): AsyncGenerator<RunEvent, void> {
  const { directory, log, startedAt, result } = run;
  yield { type: "started", ts: startedAt, directory, log };
  yield* await readEvents(run.events);
  if (result !== undefined) yield { type: "end", ...result, directory, log };
}
