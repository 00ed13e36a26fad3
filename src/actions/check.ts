/**
 * One thing `doctor` looked at.
 *
 * @module
 */

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
