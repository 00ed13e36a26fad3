/**
 * The local API of tailscaled over its Unix socket, for machines without the `tailscale` program.
 *
 * @module
 */

import { UserError } from "../errors/user_error.ts";
import {
  nonsenseError,
  noPermissionError,
  notInstalledError,
  notRunningError,
  statusFailedError,
  timeoutError,
} from "./tailscale_errors.ts";

/** Where tailscaled listens: Linux, macOS, Synology (tailscale.com `paths/paths.go`, v1.100.0). */
export const SOCKET_PATHS: readonly string[] = [
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
export async function readLocalApi(
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
