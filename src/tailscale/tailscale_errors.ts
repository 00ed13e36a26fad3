/**
 * Errors of reading the tailnet, each with the next step.
 *
 * @module
 */

import { counted, lastLine, safeText } from "../errors/safe_text.ts";
import { missingError, unreachableError, type UserError } from "../errors/user_error.ts";

/** No Tailscale on this machine: exit code 3. */
export function notInstalledError(): UserError {
  return missingError("Tailscale is not installed on this machine", {
    hint: "Install it from https://tailscale.com/download, then log in with: sudo tailscale up",
  });
}

/** tailscaled does not answer because it does not run: exit code 4. */
export function notRunningError(cause?: string): UserError {
  return unreachableError("The Tailscale service is not running on this machine", {
    hint: "Start it with: sudo systemctl enable --now tailscaled (on macOS: open Tailscale)",
    cause,
  });
}

/** The socket of tailscaled may not be opened: exit code 4. */
export function noPermissionError(cause?: string): UserError {
  return unreachableError("No permission to read the status of Tailscale", {
    hint: "Give your user access with: sudo tailscale set --operator=$USER",
    cause,
  });
}

/** tailscaled did not answer in time: exit code 4. */
export function timeoutError(timeoutMs: number): UserError {
  const seconds = Math.ceil(timeoutMs / 1000);
  return unreachableError(
    `Tailscale did not answer within ${counted(seconds, "second")}`,
    {
      hint: "Check it with: tailscale status; restart it with: sudo systemctl restart tailscaled",
    },
  );
}

/** What came back is no status document: exit code 4. */
export function nonsenseError(problem: string): UserError {
  return unreachableError(`Cannot parse Tailscale's status: ${problem}`, {
    hint: "Check the output of: tailscale status --json; updating Tailscale may help.",
  });
}

/** `tailscale status --json` ended with an error: exit code 4. */
export function statusFailedError(code: number, stderr: string): UserError {
  if (/permission denied|access denied|EACCES/i.test(stderr)) return noPermissionError(stderr);
  if (
    /failed to connect|doesn't appear to be running|not running|is Tailscale running/i.test(stderr)
  ) {
    return notRunningError(stderr);
  }
  const said = lastLine(stderr);
  const words = said === "" ? `with code ${code} and no message` : `with code ${code}: ${said}`;
  return unreachableError(`tailscale status failed ${words}`, {
    hint: "Check the output of: tailscale status",
    cause: stderr,
  });
}

/** Why there is no tailnet to read in a state (tailscale.com `ipn.State`), and what to do. */
const STATES: Readonly<Record<string, readonly [message: string, hint: string]>> = {
  NeedsLogin: ["This machine is logged out of Tailscale", "Log in with: sudo tailscale up"],
  NeedsMachineAuth: [
    "This machine is waiting for approval by a tailnet admin",
    "Approve it at https://login.tailscale.com/admin/machines",
  ],
  Stopped: ["Tailscale is stopped on this machine", "Start it with: sudo tailscale up"],
  NoState: ["Tailscale is still starting on this machine", "Try again in a moment."],
  InUseOtherUser: [
    "Tailscale is in use by another user of this machine",
    "Log that user out of Tailscale, or run this as that user.",
  ],
};

const EXPIRED = [
  "This machine's Tailscale key has expired",
  "Log in again with: sudo tailscale up --force-reauth",
] as const;

/** The error for a state in which there is no tailnet to read, or undefined: exit code 4. */
export function stateError(
  state: string,
  { expired }: { readonly expired: boolean },
): UserError | undefined {
  if (state === "Running" || state === "Starting") return undefined;
  const known = state === "NeedsLogin" && expired
    ? EXPIRED
    : Object.hasOwn(STATES, state)
    ? STATES[state]
    : undefined;
  if (known !== undefined) return unreachableError(known[0], { hint: known[1] });
  return nonsenseError(`unknown state ${JSON.stringify(safeText(state).slice(0, 80))}`);
}
