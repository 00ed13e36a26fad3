/**
 * Runs a playbook and tells what happens while it happens.
 *
 * @module
 */

import { type Ansible, FOREIGN_VARIABLES } from "../setup/locate.ts";
import { shownTime, type System } from "../../process/system.ts";
import { makeTemporaryDirectory } from "../../process/temporary_directory.ts";
import type { AnsibleEvent, Outcome, RunEvent } from "../events/event.ts";
import { followEvents } from "../events/event_file.ts";
import { playbookArgv, playbookEnv, type PlaybookOptions, type RunFiles } from "./invocation.ts";
import { knownHostsFiles } from "./known_hosts.ts";
import { closeRun, openRun, pruneRuns, type RunRecord } from "./run_history.ts";
import { lockInventory } from "./run_lock.ts";
import {
  endProcessesOfRun,
  removeTemporary,
  SOCKETS_PREFIX,
  socketsFile,
  temporaryOf,
} from "./run_processes.ts";

/** How long ansible-playbook may take to end after Ctrl-C before it is killed, in milliseconds. */
const GRACE_MS = 8_000;

/** A playbook, what runs it, and on which files. */
export interface PlaybookRun extends PlaybookOptions {
  readonly ansible: Ansible;
  /** Folder that holds `ansible.cfg`, `playbooks/`, `roles/`. */
  readonly tree: string;
  /** Absolute path of the inventory a run is about: two runs on it do not overlap. */
  readonly inventory: string;
  /** Text of a further inventory, read after the person's own. */
  readonly extraInventory?: string | undefined;
  /** known_hosts lines the tailnet vouches for; undefined keeps those of the last run. */
  readonly publishedHostKeys?: string | undefined;
}

/** How playbooks ended. */
export interface Ended {
  readonly outcome: Outcome;
  readonly rc: number;
}

/** A run under way, of one playbook or several. */
export interface RunSession {
  /** Runs a playbook as a part of it, event by event. */
  play(run: PlaybookRun): AsyncGenerator<RunEvent, Ended>;
  /** Keeps an event of the tool's own among those of its playbooks. */
  keep(event: AnsibleEvent): Promise<AnsibleEvent>;
}

/**
 * Runs a playbook; the last event is always of type `end`.
 *
 * Ctrl-C (`system.signal`) ends ansible-playbook and all it started, then the `end` event comes
 * with the outcome `interrupted`. Leaving the loop early does the same.
 *
 * @throws {UserError} exit code 1 where another run on this inventory is under way
 */
export function runPlaybook(system: System, run: PlaybookRun): AsyncGenerator<RunEvent, void> {
  const { playbook, inventory, check = false } = run;
  return recordRun(system, { playbook, inventory, check }, ({ play }) => play(run));
}

/**
 * Does what has to be done right before a run, while no other one is under way.
 *
 * @throws {UserError} exit code 1 where another run on this inventory is under way, and what `work` throws
 */
export async function betweenRuns<T>(
  system: System,
  file: string,
  work: () => Promise<T>,
): Promise<T> {
  using _lock = (await locked(system, file)).lock;
  return await work();
}

/** Two names of one file are one inventory. */
async function locked(system: System, file: string) {
  const inventory = await Deno.realPath(file).catch(() => file);
  return { inventory, lock: await lockInventory(system, inventory) };
}

/**
 * One run of as many playbooks as its body plays: one lock, one record, one end.
 *
 * @param options.playbook what the run is called
 * @throws {UserError} as `runPlaybook`, and what the body throws
 */
export async function* recordRun(
  system: System,
  { playbook, inventory: file, check }: {
    readonly playbook: string;
    readonly inventory: string;
    readonly check: boolean;
  },
  body: (session: RunSession) => AsyncGenerator<RunEvent, Ended>,
): AsyncGenerator<RunEvent, void> {
  const { inventory, lock: held } = await locked(system, file);
  using lock = held;
  for (const { playbook, startedAt } of lock.ended) {
    yield note(
      system,
      "Stopped ansible-playbook, which was still running from an earlier run " +
        `(${playbook}, ${shownTime(startedAt)}) that was killed.`,
    );
  }
  const startedAt = system.clock.now();
  const { state } = system.directories;
  const record = await openRun(`${state}/runs`, { playbook, inventory, check }, startedAt);
  await pruneRuns(`${state}/runs`, { keep: record.directory });
  const { directory, log, events } = record;
  yield { type: "started", ts: iso(startedAt), directory, log };

  let ended: Ended = { outcome: "interrupted", rc: 0 }; // unless it is seen to its end
  try {
    ended = yield* body({
      play: (run) => play(system, run, record),
      keep: async (event) => {
        await Deno.writeTextFile(events, JSON.stringify(event) + "\n", { append: true });
        return event;
      },
    });
  } catch (error) {
    ended = { outcome: "error", rc: 0 };
    throw error;
  } finally {
    const seconds = (system.clock.now() - startedAt) / 1000;
    await closeRun(record, { ...ended, seconds });
  }
  yield await endEvent(system, record, ended);
}

async function* play(
  system: System,
  run: PlaybookRun,
  record: RunRecord,
): AsyncGenerator<RunEvent, Ended> {
  let finished = false;
  const { size: from } = await Deno.stat(record.events);
  const files = await prepareFiles(system, run, record);
  try {
    const argv = playbookArgv(run.ansible, {
      ...run,
      inventories: [
        ...run.inventories,
        ...(run.extraInventory === undefined ? [] : [`${files.temporary}/groups.yml`]),
      ],
    }, files);
    const process = system.runner.start(argv, {
      env: playbookEnv(files),
      without: FOREIGN_VARIABLES,
      logFile: record.log,
      stdin: run.becomePassword,
    });
    let running = true;
    const ended = process.exit.finally(() => running = false);
    const stop = async () => {
      if (running) await process.stop({ graceMs: GRACE_MS });
    };
    const stopped = onAbort(system.signal, stop);
    try {
      for await (
        const event of followEvents(record.events, { ended, clock: system.clock, from })
      ) {
        if (event.type === "run_end") finished = true;
        yield withKnownHosts(event, files.knownHosts.accepted);
      }
      const rc = await ended;
      return { rc, outcome: outcomeOf(rc, { finished, interrupted: system.signal.aborted }) };
    } finally {
      await stop();
      await stopped.dispose();
    }
  } finally {
    await endProcessesOfRun(system, record.events);
    await removeTemporary(record.directory);
  }
}

/** The last event of a run. */
export async function endEvent(
  { clock }: Pick<System, "clock">,
  { directory, log }: RunRecord,
  { outcome, rc }: Ended,
): Promise<RunEvent> {
  const message = outcome === "error" ? await lastWords(log, rc) : undefined;
  return { type: "end", ts: iso(clock.now()), outcome, rc, directory, log, message };
}

/** The plugin does not know where the tool keeps host keys: its hint names the place KNOWN_HOSTS. */
function withKnownHosts(event: RunEvent, file: string): RunEvent {
  if (event.type !== "result" || event.message === undefined) return event;
  return { ...event, message: event.message.replaceAll("KNOWN_HOSTS", file) };
}

/** Without a recap ansible-playbook did not get as far as running: a bad option, no inventory. */
function outcomeOf(
  rc: number,
  { finished, interrupted }: { readonly finished: boolean; readonly interrupted: boolean },
): Outcome {
  if (rc === 0 && finished) return "ok";
  if (interrupted) return "interrupted";
  return finished && rc !== 0 ? "failed" : "error";
}

async function prepareFiles(
  system: System,
  run: PlaybookRun,
  { directory, events }: RunRecord,
): Promise<RunFiles> {
  const { state } = system.directories;
  const temporary = temporaryOf(directory);
  const ansibleHome = `${state}/ansible`;
  const knownHosts = knownHostsFiles(state);
  await Deno.mkdir(temporary, { mode: 0o700 });
  await Deno.mkdir(ansibleHome, { recursive: true, mode: 0o700 });
  const extraVars = `${temporary}/extra_vars.json`;
  await writePrivate(extraVars, JSON.stringify(run.extraVars ?? {}));
  if (run.extraInventory !== undefined) {
    await writePrivate(`${temporary}/groups.yml`, run.extraInventory);
  }
  if (run.publishedHostKeys !== undefined) {
    const fresh = `${temporary}/known_hosts`;
    await writePrivate(fresh, run.publishedHostKeys);
    await Deno.rename(fresh, knownHosts.published);
  }
  // Not below the state directory, whose path may be too long for a socket.
  const sockets = await makeTemporaryDirectory(SOCKETS_PREFIX);
  await writePrivate(socketsFile(directory), sockets);
  return { tree: run.tree, extraVars, events, temporary, ansibleHome, sockets, knownHosts };
}

async function writePrivate(path: string, text: string): Promise<void> {
  await Deno.writeTextFile(path, text, { createNew: true, mode: 0o600 });
}

function onAbort(
  signal: AbortSignal,
  action: () => Promise<void>,
): { dispose(): Promise<void> } {
  let running: Promise<void> = Promise.resolve();
  const listener = () => void (running = action());
  if (signal.aborted) listener();
  else signal.addEventListener("abort", listener, { once: true });
  return {
    async dispose() {
      signal.removeEventListener("abort", listener);
      await running;
    },
  };
}

function note(system: System, message: string): RunEvent {
  return { type: "note", ts: iso(system.clock.now()), message };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

/** Signals by number, where their numbers are the same on Linux and macOS. */
const SIGNALS: Readonly<Record<number, string>> = {
  1: "SIGHUP",
  2: "SIGINT",
  6: "SIGABRT",
  9: "SIGKILL",
  11: "SIGSEGV",
  15: "SIGTERM",
};

/** ansible-playbook's own exit code after SIGINT (`lib/ansible/cli/__init__.py`). */
const INTERRUPTED = 99;

/** Why ansible-playbook could not work: the signal that ended it, the error it printed, or its end. */
async function lastWords(log: string, rc: number): Promise<string> {
  // A shell's way to say which signal it was, and Deno's.
  const signal = rc === INTERRUPTED ? 2 : rc - 128;
  if (signal > 0) {
    return `ansible-playbook was terminated by ${SIGNALS[signal] ?? `signal ${signal}`}`;
  }
  const lines = (await Deno.readTextFile(log)).split("\n").map((line) => line.trim())
    .filter((line) => line !== "");
  const error = lines.findLastIndex((line) => /^(?:\[?ERROR\]?|ERROR!|usage:)/i.test(line));
  const words = error < 0 ? lines.slice(-3) : lines.slice(error, error + 3);
  return words.join("\n").slice(0, 2_000) || "ansible-playbook exited without output";
}
