import { waitFor } from "../wait.ts";

/** A process that outlives the command that started it, told from others by its start time. */
export interface Daemon {
  name: string;
  pid: number;
  /** Field 22 of /proc/PID/stat: clock ticks between the machine's boot and the process's start. */
  startTime: number;
}

/**
 * Becomes the daemon with its words in a file, "$0". Descriptors that the caller happens to have open, a lock
 * for one, are closed: they would stay open for as long as the daemon runs.
 */
const detach = 'exec >>"$0" 2>&1 </dev/null 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-; exec "$@"';

/** Starts a program that is to stay; its output is appended to `log`. */
export async function startDaemon(
  name: string,
  argv: readonly string[],
  options: { log: string; env?: Record<string, string> },
): Promise<Daemon> {
  const child = new Deno.Command("setsid", {
    args: ["sh", "-c", detach, options.log, ...argv],
    env: options.env ?? {},
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  child.unref();
  const stat = await processStat(child.pid);
  if (stat === null) throw new Error(`${name} ended at once; see ${options.log}`);
  return { name, pid: child.pid, startTime: stat.startTime };
}

/** Whether the very process that was started still runs. */
export async function isAlive(daemon: Daemon): Promise<boolean> {
  const stat = await processStat(daemon.pid);
  return stat !== null && stat.startTime === daemon.startTime && stat.state !== "Z";
}

/** Asks a daemon to end, and after two seconds ends it. */
export async function stopDaemon(daemon: Daemon): Promise<void> {
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    if (!await isAlive(daemon)) return;
    try {
      Deno.kill(daemon.pid, signal);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    const ended = waitFor(async () => !await isAlive(daemon), {
      limit: signal === "SIGTERM" ? 2 : 10,
      what: `${daemon.name} (process ${daemon.pid}) to end`,
      interval: 20,
    });
    if (signal === "SIGKILL") await ended;
    else await ended.catch(() => {});
  }
}

/** Name, state and start time of a process, or null where there is none. */
export async function processStat(
  pid: number,
): Promise<{ name: string; state: string; parent: number; startTime: number } | null> {
  const text = await Deno.readTextFile(`/proc/${pid}/stat`).catch(() => null);
  // The name, in parentheses, may hold anything: the fields are counted from its end.
  const match = text?.match(/^\d+ \((.*)\) (.*)$/s);
  if (!match) return null;
  const fields = (match[2] ?? "").split(" ");
  return {
    name: match[1] ?? "",
    state: fields[0] ?? "",
    parent: Number(fields[1]),
    startTime: Number(fields[19]),
  };
}
