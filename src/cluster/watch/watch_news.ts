/**
 * What is heard of a cluster that is watched, and of the connection to it. Types alone.
 *
 * @module
 */

import type { ClusterNews } from "./cluster_state.ts";
import type { UserError } from "../../errors/user_error.ts";

/** A piece of news. */
export type WatchNews =
  | ClusterNews
  | { readonly type: "connection"; readonly connection: Connection }
  | {
    readonly type: "server";
    readonly server: string;
    readonly version: string | undefined;
    /** See {@linkcode KubernetesApi.insteadOf}. */
    readonly insteadOf: string | undefined;
  }
  /** A gap opened, or closed where `words` is undefined. */
  | { readonly type: "gap"; readonly what: string; readonly words: string | undefined };

/** Takes news. */
export type Emit = (news: WatchNews) => void;

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
