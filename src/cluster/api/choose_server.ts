/**
 * Which of a cluster's servers is asked: the first of them that answers.
 *
 * @module
 */

import { safeText } from "../../errors/safe_text.ts";
import { unreachableError, UserError } from "../../errors/user_error.ts";
import type { Clock } from "../../process/system.ts";
import { apiRefusal, connectionError, tookTooLong } from "./api_errors.ts";
import { ApiError } from "./kubernetes_api.ts";

/** A server that answers so fast is not raced against the next one, in milliseconds. */
const HEAD_START_MS = 500;

/** How long the choice may take, in milliseconds: less than a monitor waits for a first answer. */
export const CHOICE_MS = 8_000;

/** How servers are tried. */
export interface ServerTrial {
  /** Rejects where the server cannot answer for the cluster, as when it is off or has no datastore. */
  answers(server: string, signal: AbortSignal): Promise<void>;
  readonly clock: Pick<Clock, "sleep">;
  /** Aborted when nobody wants to know any more. */
  readonly signal: AbortSignal;
  /** How long all of it may take, in milliseconds. */
  readonly limitMs: number;
}

/**
 * The first of the servers to answer. Each begins half a second after the one before it, or at once
 * where that one failed (as connections do in RFC 8305), so the first is taken while it is well.
 *
 * @throws {UserError} exit code 4 where none answers, with the words of the first
 * @throws the signal's reason where it is aborted
 */
export async function chooseServer(
  servers: readonly [string, ...string[]],
  { answers, clock, signal, limitMs }: ServerTrial,
): Promise<string> {
  const over = new AbortController();
  const either = AbortSignal.any([signal, over.signal]);
  const { promise: won, resolve: win } = Promise.withResolvers<string>();
  const wait = (ms: number) => clock.sleep(ms, either).catch(() => {});
  let problem: unknown;
  const attempt = async (server: string) => {
    try {
      await answers(server, either);
      win(server);
    } catch (error) {
      if (server === servers[0] && !either.aborted) problem = error;
    }
  };
  const race = async () => {
    const attempts: Promise<void>[] = [];
    for (const server of servers) {
      if (either.aborted) break;
      attempts.push(attempt(server));
      await Promise.race([attempts.at(-1), wait(HEAD_START_MS)]);
    }
    await Promise.all(attempts);
  };
  try {
    const winner = await Promise.race([
      won,
      Promise.race([race(), wait(limitMs)]).then(() => undefined),
    ]);
    signal.throwIfAborted();
    if (winner === undefined) throw noneAnswers(servers, { problem, limitMs });
    return winner;
  } finally {
    over.abort(new DOMException("A server was chosen", "AbortError"));
  }
}

function noneAnswers(
  [first, ...others]: readonly [string, ...string[]],
  { problem, limitMs }: { readonly problem: unknown; readonly limitMs: number },
): unknown {
  const said = problem instanceof ApiError
    ? apiRefusal(problem, first)
    : problem ?? connectionError(tookTooLong(), { server: first, timeoutMs: limitMs });
  if (!(said instanceof UserError)) return said;
  const hosts = others.map((server) => safeText(new URL(server).host)).join(" and ");
  return unreachableError(`${said.message}; no other server can be used either: ${hosts}`, {
    hint: said.hint,
    cause: said,
  });
}
