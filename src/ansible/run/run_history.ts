/**
 * What is kept of each run, below the state directory: `runs/<time>-<playbook>/` with
 * `events.jsonl`, `ansible.log`, `run.json` and, once it is over, `result.json`. No secrets.
 *
 * @module
 */

import { basename } from "node:path";
import * as z from "zod/mini";
import { parseJson } from "../../process/json.ts";
import { ifThere } from "../../process/small_file.ts";
import { type Outcome, OUTCOMES } from "../events/event.ts";

/** How many runs are kept: those that change something, and those that only say what would change. */
const KEPT_RUNS = { real: 20, check: 5 };

const runSchema = z.object({
  playbook: z.string(),
  inventory: z.string(),
  startedAt: z.string(),
  check: z.boolean(),
});

const resultSchema = z.object({
  outcome: z.enum(OUTCOMES),
  rc: z.int(),
  seconds: z.number(),
});

/** A run and its files. */
export interface RunRecord {
  /** Absolute path. */
  readonly directory: string;
  readonly events: string;
  readonly log: string;
}

/** A run read back. */
export interface PastRun extends RunRecord {
  readonly playbook: string;
  /** Absolute path of the inventory. */
  readonly inventory: string;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly check: boolean;
  /** Undefined where the run is under way, or was cut off. */
  readonly result?: { readonly outcome: Outcome; readonly rc: number; readonly seconds: number };
}

/** Makes the folder of a new run (0700) with an empty event file and log (0600). */
export async function openRun(
  runs: string,
  run: { readonly playbook: string; readonly inventory: string; readonly check: boolean },
  now: number,
): Promise<RunRecord> {
  await Deno.mkdir(runs, { recursive: true, mode: 0o700 });
  const startedAt = new Date(now).toISOString();
  // 20261123T071026.123Z-site: sorts by time, and is a harmless file name everywhere.
  const name = `${startedAt.replaceAll(/[-:]/g, "")}-${run.playbook}`;
  const directory = await makeFresh(`${runs}/${name}`);
  const record = filesOf(directory);
  const write = { mode: 0o600, createNew: true };
  await Deno.writeTextFile(record.events, "", write);
  await Deno.writeTextFile(record.log, "", write);
  const document = { ...run, startedAt } satisfies z.infer<typeof runSchema>;
  await Deno.writeTextFile(`${directory}/run.json`, JSON.stringify(document) + "\n", write);
  return record;
}

async function makeFresh(path: string): Promise<string> {
  for (let count = 1;; count++) {
    const directory = count === 1 ? path : `${path}-${count}`;
    try {
      await Deno.mkdir(directory, { mode: 0o700 });
      return directory;
    } catch (error) {
      if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    }
  }
}

/** Writes down how a run ended. */
export async function closeRun(
  { directory }: Pick<RunRecord, "directory">,
  result: NonNullable<PastRun["result"]>,
): Promise<void> {
  const partial = `${directory}/result.json.new`;
  await Deno.writeTextFile(partial, JSON.stringify(result) + "\n", { mode: 0o600 });
  await Deno.rename(partial, `${directory}/result.json`);
}

/** All runs that can be read, newest first. */
export async function pastRuns(runs: string): Promise<readonly PastRun[]> {
  const found = await Promise.all((await directoriesIn(runs)).map(pastRun));
  return found.filter((run) => run !== undefined);
}

/** The run that is kept in a directory; undefined where that cannot be read. */
export async function pastRun(directory: string): Promise<PastRun | undefined> {
  const run = await readJson(`${directory}/run.json`, runSchema);
  if (run === undefined) return undefined;
  const result = await readJson(`${directory}/result.json`, resultSchema);
  return { ...filesOf(directory), ...run, ...(result === undefined ? {} : { result }) };
}

/**
 * Removes all but the newest runs. Those with `--check` are counted by themselves, so that they do
 * not push out what really happened.
 *
 * @param options.keep a run that stays whatever its age
 */
export async function pruneRuns(
  runs: string,
  { keep, count = KEPT_RUNS }: { readonly keep: string; readonly count?: typeof KEPT_RUNS },
): Promise<void> {
  const left = { ...count };
  for (const directory of await directoriesIn(runs)) {
    if (!/^\d{8}T\d{6}\.\d{3}Z-/.test(basename(directory))) continue;
    const kind = (await readJson(`${directory}/run.json`, runSchema))?.check ? "check" : "real";
    if (left[kind]-- > 0 || directory === keep) continue;
    // Two runs that start at once remove the same old ones.
    await Deno.remove(directory, { recursive: true }).catch(() => {});
  }
}

/** What is in a directory, if that exists, the newest run first. */
async function directoriesIn(runs: string): Promise<readonly string[]> {
  const entries = await ifThere(Array.fromAsync(Deno.readDir(runs))) ?? [];
  return entries.filter(({ isDirectory }) => isDirectory).map(({ name }) => `${runs}/${name}`)
    .sort().reverse();
}

function filesOf(directory: string): RunRecord {
  return { directory, events: `${directory}/events.jsonl`, log: `${directory}/ansible.log` };
}

async function readJson<T>(path: string, schema: z.ZodMiniType<T>): Promise<T | undefined> {
  // Not there, or cut off by a crash: the run counts as unfinished.
  return parseJson(schema, await Deno.readTextFile(path).catch(() => ""));
}
