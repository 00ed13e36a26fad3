/**
 * The processes of a run, found by the mark each of them carries in its environment.
 *
 * Since ansible-core 2.19 workers are sessions of their own, and ssh's connection masters always
 * were: a signal to the process group of ansible-playbook does not reach them. A master overwrites
 * its environment with its title, `ssh: SOCKET [mux]` (OpenSSH `mux.c`, `openbsd-compat/setproctitle.c`),
 * and is found by that. While it lives, so does its connection, and hosts stay locked for the run.
 *
 * @module
 */

import { basename, dirname } from "node:path";
import { ifInstalled } from "../../process/runner.ts";
import type { System } from "../../process/system.ts";
import { EVENTS_VARIABLE } from "./invocation.ts";

/** How long processes may take to end before they are killed, in milliseconds. */
const GRACE_MS = 5_000;

/** How often it is looked whether they have ended, in milliseconds. */
const POLL_MS = 50;

/** Ids of all living processes that belong to the run that writes this event file. */
export async function processesOfRun(
  system: Pick<System, "runner">,
  events: string,
): Promise<readonly number[]> {
  const mark = `${EVENTS_VARIABLE}=${events}`;
  const sockets = await Deno.readTextFile(socketsFile(dirname(events))).catch(() => undefined);
  const master = sockets === undefined ? undefined : `ssh: ${sockets}/`;
  return Deno.build.os === "linux"
    ? await fromProc(mark, master)
    : await fromPs(system, mark, master);
}

/** The file in a run's directory that says where its ssh has its sockets. */
export function socketsFile(runDirectory: string): string {
  return `${runDirectory}/sockets`;
}

/** How directories for sockets begin. */
export const SOCKETS_PREFIX = "k3s-tool-";

/** Where a run keeps what only its playbook needs. */
export function temporaryOf(runDirectory: string): string {
  return `${runDirectory}/tmp`;
}

/** Removes what only the playbook of a run needs, once its processes have ended. */
export async function removeTemporary(runDirectory: string): Promise<void> {
  const named = socketsFile(runDirectory);
  const sockets = await Deno.readTextFile(named).catch(() => "");
  for (
    const path of [
      temporaryOf(runDirectory),
      // Where the power failed, the file may hold less than a name.
      ...basename(sockets).startsWith(SOCKETS_PREFIX) ? [sockets] : [],
      named,
    ]
  ) await Deno.remove(path, { recursive: true }).catch(() => {});
}

async function fromProc(mark: string, master: string | undefined): Promise<readonly number[]> {
  const found: number[] = [];
  for await (const entry of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(entry.name)) continue;
    const id = Number(entry.name);
    if (id === Deno.pid) continue;
    try {
      const environment = await Deno.readTextFile(`/proc/${entry.name}/environ`);
      const isMaster = async () =>
        master !== undefined &&
        (await Deno.readTextFile(`/proc/${entry.name}/cmdline`)).startsWith(master);
      if (environment.split("\0").includes(mark) || await isMaster()) found.push(id);
    } catch {
      // Ended meanwhile, or another user's: then it is not ours.
    }
  }
  return found;
}

/** BSD's ps (macOS) appends the environment with `-E`. */
async function fromPs(
  { runner }: Pick<System, "runner">,
  mark: string,
  master: string | undefined,
): Promise<readonly number[]> {
  const listed = await ifInstalled(runner.run(["ps", "-A", "-E", "-ww", "-o", "pid=,command="]));
  return (listed?.stdout ?? "").split("\n")
    .filter((line) =>
      ` ${line} `.includes(` ${mark} `) || master !== undefined && line.includes(master)
    )
    .map((line) => Number.parseInt(line, 10))
    .filter((id) => id > 0 && id !== Deno.pid);
}

/**
 * Ends all processes of a run and waits until they are gone.
 *
 * @returns how many there were
 */
export async function endProcessesOfRun(
  system: Pick<System, "runner" | "clock">,
  events: string,
  { graceMs = GRACE_MS }: { readonly graceMs?: number } = {},
): Promise<number> {
  let left = await processesOfRun(system, events);
  const count = left.length;
  const giveUp = system.clock.now() + graceMs;
  signalAll(left, "SIGTERM");
  while (left.length > 0) {
    // A worker may have started another program since we looked: look and signal again.
    await system.clock.sleep(POLL_MS);
    left = await processesOfRun(system, events);
    if (system.clock.now() >= giveUp) signalAll(left, "SIGKILL");
    if (system.clock.now() >= giveUp + graceMs) break;
  }
  return count;
}

function signalAll(ids: readonly number[], signal: Deno.Signal): void {
  for (const id of ids) {
    try {
      Deno.kill(id, signal);
    } catch {
      // Ended meanwhile.
    }
  }
}
