/**
 * How the connection to an API server stands. Types alone.
 *
 * @module
 */

import type { UserError } from "../../errors/user_error.ts";

/** A connection; times are milliseconds since the epoch. */
export type Connection =
  | {
    readonly state: "connecting";
    /** What the last attempt came to; undefined before the first has ended. */
    readonly problem: UserError | undefined;
  }
  /** What is shown is what the server says. */
  | { readonly state: "live" }
  /** What is shown is what the server said when it was last heard. */
  | {
    readonly state: "lost";
    readonly lastHeard: number;
    readonly problem: UserError;
    readonly retryAt: number;
  };

/** A request made to an API server, for who wants to see what was asked. */
export interface ApiRequest {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly method: string;
  /** Without secrets: paths and queries carry none. */
  readonly path: string;
  /** HTTP status, or what went wrong in a few words; undefined while it is under way. */
  readonly result: number | string | undefined;
  /** Until the answer began, in milliseconds. */
  readonly ms: number | undefined;
}
