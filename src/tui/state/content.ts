/**
 * What is read for a screen, and what its readers are given.
 *
 * @module
 */

import type { LiveSession } from "../../live/live_session.ts";
import type { UserError } from "../../errors/user_error.ts";
import type { TextLine } from "../draw/text_line.ts";

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

/** What a reader of one screen may use. */
export interface ReaderTools {
  readonly session: LiveSession;
  readonly signal: AbortSignal;
  /** Shows what was read. */
  show(content: Content): void;
}
