/**
 * One thing `doctor` looked at.
 *
 * @module
 */

import { isRefusal, refusalReason } from "../../errors/refusal.ts";
import { renderProblem } from "../../errors/render_error.ts";
import { ExitCode, UserError } from "../../errors/user_error.ts";

/** What was found. */
export interface Check {
  /** What was looked at: "ansible-core". */
  readonly name: string;
  /** The host it is about; undefined: this machine. */
  readonly host?: string;
  readonly status: "ok" | "warn" | "fail";
  /** What was found, as a sentence without a full stop. */
  readonly message: string;
  /** What to do, where there is something to do. */
  readonly hint?: string;
}

/** What a check is about, by name; with a host where it is not this machine. */
type About = string | Pick<Check, "name" | "host">;

/** All is well. */
export const ok = found("ok");
/** Something to know of. */
export const warn = found("warn");
/** Something to put right. */
export const fail = found("fail");

function found(status: Check["status"]) {
  return (about: About, message: string, hint?: string): Check => ({
    ...(typeof about === "string" ? { name: about } : about),
    status,
    message,
    ...(hint === undefined ? {} : { hint }),
  });
}

/** The checks; where one cannot be done, a failed one that says why, so that the others are still done. */
export async function attempt(
  about: Pick<Check, "name" | "host">,
  checks: () => Promise<readonly Check[]>,
): Promise<readonly Check[]> {
  try {
    return await checks();
  } catch (error) {
    if (isRefusal(error)) return [fail(about, refusalReason(error))];
    if (!(error instanceof UserError) || error.exitCode === ExitCode.Interrupted) throw error;
    return [fail(about, renderProblem(error), error.hint)];
  }
}
