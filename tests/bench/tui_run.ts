/**
 * One run of a screen that stays open, on a terminal of its own.
 *
 * @module
 */

import type { ScaleApi } from "../lab/scale/scale_api.ts";
import { setMark, startChanges } from "../lab/scale/scale_changes.ts";
import { Terminal } from "../terminal/tmux.ts";
import { usageOf } from "./process_tree.ts";

/** A program that is measured. */
export interface Subject {
  readonly name: string;
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Whether all is there that it is to show. */
  isComplete(screen: string): boolean;
  /** Keys that end it, as tmux names them. */
  readonly quit: readonly string[];
}

/** What it used over some seconds. */
export interface Load {
  /** Share of one core, 0 to 1 and above. */
  readonly cpu: number;
  /** Bytes written to the terminal, a second. */
  readonly written: number;
}

/** A start, until all was there. */
export interface FirstFrame {
  /** Milliseconds. */
  readonly wall: number;
  /** Milliseconds of processor time. */
  readonly cpu: number;
}

/** A change on its way to the screen. */
export interface Shown {
  /** Milliseconds since it was sent to the API server. */
  readonly sent: number;
  /** Milliseconds since the API server answered that it is made; 0 where the screen was faster. */
  readonly answered: number;
}

/** The figures of one run. */
export interface ScreenRun {
  readonly firstFrame: FirstFrame;
  readonly idle: Load;
  readonly busy: Load;
  /** Changes a second that were really made while it was busy. */
  readonly changes: number;
  /** Of changes, each while others go on. */
  readonly toScreen: readonly Shown[];
  /** Bytes, when idle. */
  readonly memory: number;
  /** Bytes, at most. */
  readonly peak: number;
}

/** What is measured of one program. */
export interface Measured {
  readonly name: string;
  /** Of each round. */
  readonly firstFrames: readonly FirstFrame[];
  readonly run: ScreenRun;
}

/** How it is measured. */
export interface RunOptions {
  readonly api: ScaleApi;
  readonly changesPerSecond: number;
  /** Seconds of each measurement of load. */
  readonly seconds: number;
  /** Changes that are timed. */
  readonly marks: number;
}

/** Rows and columns of a whole screen on a desk. */
const SIZE = { columns: 200, rows: 60 };

/** Seconds to wait for anything to show. */
const LIMIT = 90;

/** One start. */
export async function timeFirstFrame(subject: Subject): Promise<FirstFrame> {
  await using opened = await open(subject);
  return opened.firstFrame;
}

/** All figures of one run. */
export async function runScreen(subject: Subject, options: RunOptions): Promise<ScreenRun> {
  const { api, changesPerSecond: perSecond, seconds } = options;
  await using opened = await open(subject);
  const { terminal, firstFrame } = opened;
  const file = await Deno.makeTempFile();
  try {
    await terminal.record(file);
    const pid = await terminal.pid();
    const written = async () => (await Deno.stat(file)).size;
    await pause(seconds / 2); // what the start left to do
    const idle = await loadOver(seconds, { pid, written });
    const { memory } = await usageOf(pid);
    const changes = await startChanges(api, { perSecond });
    await using _stopped = changes;
    await pause(3); // until the changes are at their rate
    const [before, from] = [changes.made(), performance.now()];
    const busy = await loadOver(seconds, { pid, written });
    const rate = (changes.made() - before) / ((performance.now() - from) / 1000);
    const toScreen = await timeMarks(terminal, options);
    const { peak } = await usageOf(pid);
    return { firstFrame, idle, busy, changes: rate, toScreen, memory, peak };
  } finally {
    await Deno.remove(file);
  }
}

/** Starts it and waits until all is there; disposing asks it to quit. */
async function open(subject: Subject) {
  const { argv, env, isComplete, name } = subject;
  const start = performance.now();
  const terminal = await Terminal.start(argv, { ...SIZE, env });
  const close = async () => {
    await using _closed = terminal;
    for (const key of subject.quit) await terminal.keys(key);
    await terminal.waitForEnd({ limit: 20 });
  };
  try {
    await terminal.waitForScreen(isComplete, { limit: LIMIT, what: `all of ${name}` });
  } catch (error) {
    await terminal.close();
    throw error;
  }
  const wall = performance.now() - start;
  const { cpu } = await usageOf(await terminal.pid());
  return { terminal, firstFrame: { wall, cpu: cpu * 1000 }, [Symbol.asyncDispose]: close };
}

async function loadOver(
  seconds: number,
  { pid, written }: { readonly pid: number; readonly written: () => Promise<number> },
): Promise<Load> {
  const look = async () => ({
    at: performance.now(),
    cpu: (await usageOf(pid)).cpu,
    bytes: await written(),
  });
  const before = await look();
  await pause(seconds);
  const after = await look();
  const passed = (after.at - before.at) / 1000;
  return { cpu: (after.cpu - before.cpu) / passed, written: (after.bytes - before.bytes) / passed };
}

/** Times changes until the first screen that shows each. */
async function timeMarks(terminal: Terminal, { api, marks }: RunOptions): Promise<Shown[]> {
  const times: Shown[] = [];
  for (let i = 0; i < marks; i++) {
    // No fixed beat: it could fall in with that of a program which draws at intervals.
    await pause(0.2 + Math.random() / 2);
    const word = `Mark${String(i).padStart(2, "0")}x${Math.floor(Math.random() * 1000)}`;
    const start = performance.now();
    const now = () => performance.now();
    const [answered, shown] = await Promise.all([
      setMark(api, word).then(now),
      terminal.waitForScreen(word, { limit: LIMIT }).then(now),
    ]);
    times.push({ sent: shown - start, answered: Math.max(0, shown - answered) });
  }
  return times;
}

function pause(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}
