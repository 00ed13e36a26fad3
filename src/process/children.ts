/**
 * The programs this process started and that have not ended: they end with it.
 *
 * @module
 */

/** Process groups that are alive, by the id of their leader. */
export class Children {
  readonly #groups = new Set<number>();

  /** What is typed on the terminal is for a program there: Ctrl-C is not meant for this process. */
  haveKeys = false;

  /** Remembers a process group until `exit` settles. */
  add(pid: number, exit: Promise<unknown>): void {
    this.#groups.add(pid);
    const forget = () => void this.#groups.delete(pid);
    exit.then(forget, forget);
  }

  /** Sends a signal to every group still alive. */
  signalAll(signal: Deno.Signal): void {
    for (const pid of this.#groups) signalGroup(pid, signal);
  }

  /** The number of groups still alive. */
  get size(): number {
    return this.#groups.size;
  }
}

/** Sends a signal to a process group; one that is gone already is no error. */
export function signalGroup(pid: number, signal: Deno.Signal): void {
  try {
    Deno.kill(-pid, signal);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound) && !isNoSuchProcess(error)) throw error;
  }
}

function isNoSuchProcess(error: unknown): boolean {
  return error instanceof Error && /ESRCH|No such process/i.test(error.message);
}
