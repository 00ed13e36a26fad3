/**
 * What is read for a screen, or why it could not be.
 *
 * @module
 */

import { UserError } from "../../errors/user_error.ts";
import type { TextLine } from "../../view/words/tone.ts";

/** What was read for a screen. */
export type Content =
  | {
    readonly kind: "details";
    /** As the API server has it; undefined before it was read. */
    readonly object: Readonly<Record<string, unknown>> | undefined;
    /** Of a Service, the first of its pods. */
    readonly pods: readonly Readonly<Record<string, unknown>>[];
    readonly problem: UserError | undefined;
  }
  | {
    readonly kind: "yaml";
    readonly lines: readonly TextLine[] | undefined;
    readonly problem: UserError | undefined;
  }
  | {
    readonly kind: "log";
    /** Harmless; undefined before the first answer. */
    readonly lines: readonly TextLine[] | undefined;
    /** The container has ended, or this is the log of one that has. */
    readonly ended: boolean;
    readonly problem: UserError | undefined;
    /** Of the pod, in their order; empty before they are known. */
    readonly containers: readonly string[];
  };

/** What went wrong, as an error a person can read. */
export function problemOf(error: unknown): UserError {
  if (error instanceof UserError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new UserError(message, {
    hint: "This is a bug in k3s-tool; please report it.",
    cause: error,
  });
}
