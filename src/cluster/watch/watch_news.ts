/**
 * What is heard of a cluster that is watched. Types alone.
 *
 * @module
 */

import type { ClusterNews } from "./cluster_state.ts";
import type { Connection } from "../api/connection.ts";

/** A piece of news. */
export type WatchNews =
  | ClusterNews
  | { readonly type: "connection"; readonly connection: Connection }
  | {
    readonly type: "server";
    readonly server: string;
    readonly version: string | undefined;
    /** See {@linkcode KubernetesApi.insteadOf}. */
    readonly insteadOf?: string | undefined;
  }
  /** A gap opened, or closed where `words` is undefined. */
  | { readonly type: "gap"; readonly what: string; readonly words: string | undefined };

/** Takes news. */
export type Emit = (news: WatchNews) => void;
