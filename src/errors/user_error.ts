/**
 * The errors that a user can see.
 *
 * A module throws a `UserError` at its edge, with what happened, where, and what to do next.
 * Only the command line catches it (see `src/cli/program/program.ts`).
 *
 * @module
 */

/** Exit codes of the program; scripts depend on them, so their meaning is fixed. */
export const ExitCode = {
  /** Everything asked for is done. */
  Done: 0,
  /** The operation failed on some host. */
  Failed: 1,
  /** Wrong usage or invalid configuration; nothing was written. */
  Usage: 2,
  /** Something this needs is not installed; the message says how to get it. */
  Missing: 3,
  /** The cluster or the tailnet cannot be reached. */
  Unreachable: 4,
  /** Ended by Ctrl-C or a termination signal. */
  Interrupted: 130,
} as const;

/** One of the values of {@linkcode ExitCode}. */
export type ExitCode = typeof ExitCode[keyof typeof ExitCode];

/** A place in a file; line and column count from 1. */
export interface Place {
  readonly file: string;
  readonly line?: number;
  readonly column?: number;
}

/** One thing that is wrong, where several are reported at once (an inventory, a repository). */
export interface Problem {
  /** What is wrong, as one sentence without a full stop. */
  readonly message: string;
  /** Where it is. */
  readonly where?: Place;
  /** The value found there, as it was written. */
  readonly value?: string;
  /** What would have been right. */
  readonly expected?: string;
}

/** Everything about a {@linkcode UserError} but its message. */
export interface UserErrorOptions {
  /** How the program ends because of it; default {@linkcode ExitCode.Failed}. */
  readonly exitCode?: ExitCode;
  /** The next step for the person, as a sentence. */
  readonly hint?: string | undefined;
  /** The file and place it speaks of. */
  readonly where?: Place;
  /** The single problems, when there is more than one. */
  readonly problems?: readonly Problem[];
  /** The error it came from; shown only with `-v`. */
  readonly cause?: unknown;
}

/** An error whose message is written for the person at the terminal. */
export class UserError extends Error {
  override readonly name = "UserError";
  readonly exitCode: ExitCode;
  readonly hint?: string;
  readonly where?: Place;
  readonly problems: readonly Problem[];

  constructor(message: string, options: UserErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.exitCode = options.exitCode ?? ExitCode.Failed;
    if (options.hint !== undefined) this.hint = options.hint;
    if (options.where !== undefined) this.where = options.where;
    this.problems = options.problems ?? [];
  }
}

/** Wrong usage or invalid configuration: exit code 2, nothing was written. */
export const usageError = errorOf(ExitCode.Usage);

/** Something needed is not installed: exit code 3. */
export const missingError = errorOf(ExitCode.Missing);

/** The cluster or the tailnet is out of reach: exit code 4. */
export const unreachableError = errorOf(ExitCode.Unreachable);

function errorOf(exitCode: ExitCode) {
  return (message: string, options: Omit<UserErrorOptions, "exitCode"> = {}) =>
    new UserError(message, { ...options, exitCode });
}

/** The person ended it: exit code 130. */
export function interruptedError(message = "Interrupted", hint?: string): UserError {
  return new UserError(message, { exitCode: ExitCode.Interrupted, hint });
}
