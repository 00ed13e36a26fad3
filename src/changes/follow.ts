/**
 * Watching a change until it is done: the server takes it at once, the cluster takes its time.
 *
 * @module
 */

import { ApiError } from "../cluster/api/kubernetes_api.ts";
import { ExitCode, UserError } from "../errors/user_error.ts";
import type { ChangeContext } from "./change_context.ts";

/** How long a change is followed, in milliseconds; what then is left is said. */
const FOLLOW_MS = 5 * 60_000;

/** How often it is looked, in milliseconds; kubectl looks as often. */
const POLL_MS = 1_000;

/** How far a change has come, as a sentence. */
export interface Progress {
  readonly done: boolean;
  readonly words: string;
}

/** How following ended. */
type Followed = "done" | "time is up" | "stopped";

/**
 * Looks until it is done, the time is up or the person has seen enough, telling each change of the
 * words once. A server that is away for a while is waited for.
 *
 * @returns how it ended; nothing is said of that
 * @throws {UserError} what `look` throws, but for a server out of reach
 */
export async function* follow(
  { clock, signal }: Pick<ChangeContext, "clock" | "signal">,
  look: () => Promise<Progress>,
): AsyncGenerator<string, Followed> {
  const until = clock.now() + FOLLOW_MS;
  let said = "";
  while (true) {
    let progress: Progress;
    try {
      progress = await look();
    } catch (error) {
      if (signal.aborted) return "stopped";
      if (!isPassing(error)) throw error;
      progress = { done: false, words: `${error.message}; looking again.` };
    }
    if (progress.words !== said && progress.words !== "") yield progress.words;
    said = progress.words;
    if (progress.done) return "done";
    if (clock.now() >= until) return "time is up";
    await clock.sleep(POLL_MS, signal).catch(() => {});
    if (signal.aborted) return "stopped";
  }
}

/** A server out of reach comes back, one that refuses goes on refusing. */
function isPassing(error: unknown): error is UserError {
  if (!(error instanceof UserError) || error.exitCode !== ExitCode.Unreachable) return false;
  return !(error.cause instanceof ApiError) || error.cause.status >= 500;
}
