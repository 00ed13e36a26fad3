/**
 * What can keep the tailnet from being read, each in words with the next step.
 *
 * @module
 */

import { counted, safeText } from "../errors/safe_text.ts";
import { missingError, unreachableError, type UserError } from "../errors/user_error.ts";

/** No Tailscale on this machine: exit code 3. */
export function notInstalledError(): UserError {
  return missingError("Tailscale is not installed on this machine", {
    hint: "Install it from https://tailscale.com/download, then log in with: sudo tailscale up",
  });
}

/** tailscaled does not answer because it does not run: exit code 4. */
export function notRunningError(cause?: string): UserError {
  return unreachableError("The Tailscale service does not run on this machine", {
    hint: "Start it with: sudo systemctl enable --now tailscaled (on macOS: open Tailscale)",
    ...(cause === undefined ? {} : { cause }),
  });
}

/** The socket of tailscaled may not be opened: exit code 4. */
export function noPermissionError(cause?: string): UserError {
  return unreachableError("No permission to ask Tailscale for its status", {
    hint: "Let your user ask it with: sudo tailscale set --operator=$USER",
    ...(cause === undefined ? {} : { cause }),
  });
}

/** tailscaled did not answer in time: exit code 4. */
export function timeoutError(timeoutMs: number): UserError {
  const seconds = Math.ceil(timeoutMs / 1000);
  return unreachableError(
    `Tailscale did not answer within ${counted(seconds, "second")}`,
    {
      hint: "Look at it with: tailscale status, and restart it: sudo systemctl restart tailscaled",
    },
  );
}

/** What came back is no status document: exit code 4. */
export function nonsenseError(problem: string): UserError {
  return unreachableError(`Tailscale's status is not understood: ${problem}`, {
    hint: "See what it says with: tailscale status --json; an update of Tailscale may help.",
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
  const said = safeText(stderr.trim().split("\n").at(-1) ?? "");
  const words = said === "" ? `with code ${code} and said nothing` : `with code ${code}: ${said}`;
  return unreachableError(`tailscale status failed ${words}`, {
    hint: "See what it says with: tailscale status",
    cause: stderr,
  });
}

/** The error for a state in which there is no tailnet to read, or undefined: exit code 4. */
export function stateError(
  state: string,
  { expired }: { readonly expired: boolean },
): UserError | undefined {
  switch (state) {
    case "Running":
    case "Starting":
      return undefined;
    case "NeedsLogin":
      return expired
        ? unreachableError("This machine's Tailscale key has expired", {
          hint: "Log in again with: sudo tailscale up --force-reauth",
        })
        : unreachableError("This machine is logged out of Tailscale", {
          hint: "Log in with: sudo tailscale up",
        });
    case "NeedsMachineAuth":
      return unreachableError("This machine waits for approval by an admin of the tailnet", {
        hint: "Approve it at https://login.tailscale.com/admin/machines",
      });
    case "Stopped":
      return unreachableError("Tailscale is stopped on this machine", {
        hint: "Start it with: sudo tailscale up",
      });
    case "NoState":
      return unreachableError("Tailscale is still starting on this machine", {
        hint: "Try again in a moment.",
      });
    case "InUseOtherUser":
      return unreachableError("Tailscale is in use by another user of this machine", {
        hint: "Log that user out of Tailscale, or run this as that user.",
      });
    default:
      return nonsenseError(`unknown state ${JSON.stringify(safeText(state).slice(0, 80))}`);
  }
}
