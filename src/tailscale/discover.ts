/**
 * Asks this machine's Tailscale for the tailnet.
 *
 * @module
 */

import { ProgramNotFoundError, type Runner } from "../process/runner.ts";
import { readLocalApi, SOCKET_PATHS } from "./local_api.ts";
import type { Tailnet } from "./peer.ts";
import { parseStatus, selfExpired, tailnetOf } from "./status.ts";
import { nonsenseError, stateError, statusFailedError, timeoutError } from "./tailscale_errors.ts";

/** How long Tailscale may take to answer, in milliseconds. */
const TIMEOUT_MS = 10_000;

/** The program by its names: on PATH, and inside the macOS application. */
const PROGRAMS: readonly string[] = [
  "tailscale",
  "/Applications/Tailscale.app/Contents/MacOS/Tailscale",
];

/** What {@linkcode readTailnet} needs of the machine; a `System` is one. */
export interface TailnetSource {
  readonly runner: Runner;
  readonly signal: AbortSignal;
  /** `K3S_TOOL_TAILSCALE_SOCKET` names the socket of a tailscaled in an unusual place. */
  env(name: string): string | undefined;
}

/**
 * The tailnet as this machine sees it.
 *
 * @param options.timeoutMs how long Tailscale may take to answer; default 10 seconds
 * @throws {UserError} exit code 3 where Tailscale is not installed; 4 where it does not run, is
 *   logged out or stopped, refuses, does not answer in time, or says something not understood
 */
export async function readTailnet(
  source: TailnetSource,
  { timeoutMs = TIMEOUT_MS }: { readonly timeoutMs?: number } = {},
): Promise<Tailnet> {
  const json = await readStatus(source, timeoutMs);
  const parsed = parseStatus(json);
  if ("problem" in parsed) throw nonsenseError(parsed.problem);
  const { status } = parsed;
  const error = stateError(status.BackendState, { expired: selfExpired(status) });
  if (error !== undefined) throw error;
  return tailnetOf(status);
}

async function readStatus(
  { runner, signal, env }: TailnetSource,
  timeoutMs: number,
): Promise<string> {
  const socket = env("K3S_TOOL_TAILSCALE_SOCKET");
  const flags = socket === undefined ? [] : [`--socket=${socket}`];
  for (const program of PROGRAMS) {
    try {
      const result = await runner.run([program, ...flags, "status", "--json"], {
        timeoutMs,
        signal,
        // The macOS application opens its window without it.
        env: { TAILSCALE_BE_CLI: "1" },
      });
      if (result.timedOut) throw timeoutError(timeoutMs);
      if (result.code !== 0) throw statusFailedError(result.code, result.stderr);
      return result.stdout;
    } catch (error) {
      if (!(error instanceof ProgramNotFoundError)) throw error;
    }
  }
  return await readLocalApi({
    paths: socket === undefined ? SOCKET_PATHS : [socket],
    timeoutMs,
    signal,
  });
}
