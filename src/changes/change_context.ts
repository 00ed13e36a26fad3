/**
 * What every change of the cluster is given: requests about its object, and following it until it
 * is done. The server takes a change at once, the cluster takes its time.
 *
 * @module
 */

import { counted, plural } from "../errors/safe_text.ts";
import { ApiError, type KubernetesApi } from "../cluster/api/kubernetes_api.ts";
import {
  type Attempt,
  objectError,
  objectPath,
  type ObjectReference,
} from "../cluster/api/requests.ts";
import type { Clock } from "../process/system.ts";
import { ExitCode, UserError } from "../errors/user_error.ts";

/** What a change is done with. */
export interface ChangeContext {
  readonly api: KubernetesApi;
  readonly clock: Clock;
  /** Aborted when the person wants no more of it. */
  readonly signal: AbortSignal;
  /** How long it is followed, in milliseconds; default five minutes. What then is left is said. */
  readonly limitMs?: number | undefined;
}

/** An answer; a refusal is told in words. @throws {UserError} */
export async function answered<T>(
  { api }: ChangeContext,
  answer: Promise<T>,
  attempt: Omit<Attempt, "server">,
): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw objectError(error, { ...attempt, server: api.server });
  }
}

/** The requests about one object, which tell a refusal in words. @throws {UserError} */
export function requestsAbout(context: ChangeContext, object: ObjectReference) {
  const { api, signal } = context;
  const told = (answer: Promise<unknown>, verb: string, part?: string) =>
    answered(context, answer, { object, verb, part });
  const path = objectPath(object);
  return {
    read: () => told(api.get(path, { signal }), "get"),
    /** Merges into the object, or into a part of it (`scale`), as kubectl does. */
    patch: (body: unknown, part?: "scale") =>
      told(
        api.change({
          method: "PATCH",
          path: objectPath(object, part),
          patch: part === undefined ? "strategic-merge" : "merge",
          body,
          signal,
        }),
        "patch",
        part,
      ),
    delete: (body: unknown) => told(api.change({ method: "DELETE", path, body, signal }), "delete"),
  };
}

/** `1 pod`, `3 pods`. */
export function pods(count: number): string {
  return counted(count, "pod");
}

/** `1 of 3 pods is`, `2 of 3 pods are`. */
export function ofPods(count: number, total: number): string {
  return `${count} of ${pods(total)} ${plural(count, "is", "are")}`;
}

/** How long a change is followed where nothing else is asked for, in milliseconds. */
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
  { clock, signal, limitMs = FOLLOW_MS }: Pick<ChangeContext, "clock" | "signal" | "limitMs">,
  look: () => Promise<Progress>,
): AsyncGenerator<string, Followed> {
  const until = clock.now() + limitMs;
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
