import { join } from "node:path";
import { cacheDir, runDir, runPaths } from "./paths.ts";
import type { DebianRelease } from "./build/base_image.ts";
import type { Daemon } from "./cli/daemon.ts";

/** A machine of the lab. */
export interface Host {
  name: string;
  /** Address on the bridge, where the lab itself reaches it. */
  address: string;
  /** Address on the tailnet, where the tool is to reach it. */
  tailscaleAddress: string;
  /** What the lab was asked to have it for; nothing on the host depends on it. */
  role: "control-plane" | "worker";
  /** What it runs. */
  debian: DebianRelease;
  /** Seconds by which k3s tells systemd READY later than it could; see delayReady. */
  readyDelay?: number;
}

/** What the running lab consists of, kept so that any later command can end it. */
export interface LabState {
  hosts: Host[];
  /** By name: "net", "ws", "git" where it was started, and one for each host that is switched on. */
  daemons: Record<string, Daemon>;
  /** Directories of real releases of k3s, oldest first; none where the stand-in has its place. */
  k3sReleases: string[];
  /** False until `up` has come to its end. */
  complete: boolean;
}

/** The state of the running lab, or null where there is none. */
export async function readState(): Promise<LabState | null> {
  try {
    return JSON.parse(await Deno.readTextFile(runPaths.state)) as LabState;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    // A torn file is what a crash leaves behind; what it named is found by looking.
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

let writing: Promise<void> = Promise.resolve();

/** Writes the state so that a reader sees the old or the new one; hosts that boot at once take turns. */
export function writeState(state: LabState): Promise<void> {
  writing = writing.then(() => replaceState(state));
  return writing;
}

async function replaceState(state: LabState): Promise<void> {
  const temporary = `${runPaths.state}.new`;
  await Deno.writeTextFile(temporary, JSON.stringify(state, null, 2) + "\n", { mode: 0o600 });
  await Deno.rename(temporary, runPaths.state);
}

/** Notes a daemon that was started. */
export async function keepDaemon(
  state: LabState,
  name: string,
  daemon: Daemon,
): Promise<void> {
  state.daemons[name] = daemon;
  await writeState(state);
}

/** Makes the run directory, closed to other users. */
export async function makeRunDir(): Promise<void> {
  await Deno.mkdir(runDir, { recursive: true, mode: 0o700 });
  await Deno.mkdir(runPaths.logs, { recursive: true });
}

/** Thrown where another command is changing the lab. */
export class LabBusyError extends Error {
  override name = "LabBusyError";
}

/** Does something that changes the lab while no other command does. */
export async function exclusively<T>(work: () => Promise<T>): Promise<T> {
  await Deno.mkdir(cacheDir, { recursive: true });
  const file = await Deno.open(join(cacheDir, "lock"), { create: true, write: true });
  try {
    if (!await file.tryLock(true)) {
      throw new LabBusyError(
        "another `lab` command is at work on this machine's lab; wait for it to end",
      );
    }
    return await work();
  } finally {
    file.close(); // also gives up the lock, as does the end of the process
  }
}

/** Thrown where a command needs a running lab and there is none, or needs none and there is one. */
export class LabStateError extends Error {
  override name = "LabStateError";
}

/** The state of the lab that runs; throws where none does. */
export async function runningLab(): Promise<LabState> {
  const state = await readState();
  if (state === null) throw new LabStateError("no lab is up; start one with `lab up`");
  return state;
}

/** A host of the running lab by its name. */
export async function hostNamed(name: string): Promise<Host> {
  const { hosts } = await runningLab();
  const host = hosts.find((each) => each.name === name);
  if (host === undefined) {
    const names = hosts.map((each) => each.name).join(", ");
    throw new LabStateError(`the lab has no host ${name}; it has ${names}`);
  }
  return host;
}
