/**
 * Asks this machine's Tailscale for the tailnet: the program, else the local API of tailscaled over its
 * Unix socket, for machines without the program.
 *
 * @module
 */

import { UserError } from "../errors/user_error.ts";
import { ifInstalled, type Runner } from "../process/runner.ts";
import type { Tailnet } from "./peer.ts";
import { parseStatus, selfExpired, tailnetOf } from "./status.ts";
import {
  nonsenseError,
  noPermissionError,
  notInstalledError,
  notRunningError,
  stateError,
  statusFailedError,
  timeoutError,
} from "./tailscale_errors.ts";

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
    // The macOS application opens its window without the variable.
    const options = { timeoutMs, signal, env: { TAILSCALE_BE_CLI: "1" } };
    const argv = [program, ...flags, "status", "--json"];
    const result = await ifInstalled(runner.run(argv, options));
    if (result === undefined) continue;
    if (result.timedOut) throw timeoutError(timeoutMs);
    if (result.code !== 0) throw statusFailedError(result.code, result.stderr);
    return result.stdout;
  }
  return await readLocalApi({
    paths: socket === undefined ? SOCKET_PATHS : [socket],
    timeoutMs,
    signal,
  });
}

/** Where tailscaled listens: Linux, macOS, Synology (tailscale.com `paths/paths.go`, v1.100.0). */
const SOCKET_PATHS: readonly string[] = [
  "/var/run/tailscale/tailscaled.sock",
  "/var/run/tailscaled.socket",
  "/var/packages/Tailscale/var/tailscaled.sock",
];

/** tailscaled refuses every other host name (tailscale.com `apitype.LocalAPIHost`). */
const STATUS_URL = "http://local-tailscaled.sock/localapi/v0/status";

/**
 * The status document as text, from the first socket that exists.
 *
 * @throws {UserError} not installed (no socket), not running, no permission, no answer in time
 */
async function readLocalApi(
  { paths, timeoutMs, signal }: {
    readonly paths: readonly string[];
    readonly timeoutMs: number;
    readonly signal: AbortSignal;
  },
): Promise<string> {
  const path = await firstThatExists(paths);
  if (path === undefined) throw notInstalledError();
  using client = Deno.createHttpClient({ proxy: { transport: "unix", path } });
  const limit = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(STATUS_URL, { client, signal: AbortSignal.any([limit, signal]) });
    const body = await response.text();
    if (response.status === 403) throw noPermissionError(body);
    if (!response.ok) throw statusFailedError(response.status, body);
    return body;
  } catch (error) {
    signal.throwIfAborted();
    if (limit.aborted) throw timeoutError(timeoutMs);
    if (error instanceof UserError) throw error;
    throw nonsenseError((error as Error).message);
  }
}

// fetch tells why a connection failed in prose only; connecting first tells it by type.
async function firstThatExists(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    try {
      (await Deno.connect({ transport: "unix", path })).close();
      return path;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) continue;
      if (error instanceof Deno.errors.PermissionDenied) throw noPermissionError(error.message);
      if (error instanceof Deno.errors.ConnectionRefused) throw notRunningError(error.message);
      throw error;
    }
  }
  return undefined;
}
