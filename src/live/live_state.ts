/**
 * Everything a screen that stays open knows, and how news changes it.
 *
 * @module
 */

import {
  type ClusterNews,
  type ClusterState,
  type CollectionName,
  type Connection,
  emptyCluster,
  NOT_ASKED,
  reduceClusterAll,
  type WatchNews,
} from "../cluster/watch/cluster_state.ts";
import type { Inventory } from "../inventory/model.ts";
import type { Tailnet } from "../tailscale/peer.ts";
import type { Reading } from "../actions/survey.ts";

/** What is known. */
export interface LiveState {
  readonly cluster: ClusterState;
  readonly connection: Connection;
  /** `https://100.64.0.1:6443`; undefined before a context was found. */
  readonly server: string | undefined;
  /** The kubeconfig's server, where it does not answer and `server` does. */
  readonly insteadOf: string | undefined;
  /** What the API server calls its version, `v1.36.3+k3s1`. */
  readonly version: string | undefined;
  /** What of the cluster could not be read, in words, by what it is: `pods`, `metrics`, … */
  readonly gaps: ReadonlyMap<string, string>;
  /** Undefined before it was read; its value is undefined where there is none. */
  readonly inventory: Reading<Inventory | undefined> | undefined;
  /** Undefined before it was read. */
  readonly tailnet: Reading<Tailnet> | undefined;
}

/** A piece of news. */
export type LiveNews =
  | WatchNews
  | { readonly type: "inventory"; readonly inventory: Reading<Inventory | undefined> }
  | { readonly type: "tailnet"; readonly tailnet: Reading<Tailnet> };

/** Before anything was heard. */
export const NOTHING_HEARD: LiveState = {
  cluster: emptyCluster,
  connection: { state: "connecting", problem: undefined },
  server: undefined,
  insteadOf: undefined,
  version: undefined,
  gaps: new Map(),
  inventory: undefined,
  tailnet: undefined,
};

/** The state after a batch of news; the state given stays as it is. */
export function reduceLive(state: LiveState, batch: readonly LiveNews[]): LiveState {
  const ofCluster: ClusterNews[] = [];
  let next = state;
  for (const news of batch) {
    switch (news.type) {
      case "connection":
      case "server":
      case "inventory":
      case "tailnet": {
        const { type: _, ...known } = news;
        next = { ...next, ...known };
        break;
      }
      case "gap": {
        const gaps = new Map(next.gaps);
        if (news.words === undefined) gaps.delete(news.what);
        else gaps.set(news.what, news.words);
        next = { ...next, gaps };
        break;
      }
      default:
        ofCluster.push(news);
    }
  }
  const cluster = reduceClusterAll(state.cluster, ofCluster);
  return cluster === state.cluster ? next : { ...next, cluster };
}

/** What news are about: later ones of the same take the place of earlier ones. */
export function aboutNews(news: LiveNews): string {
  switch (news.type) {
    case "listed":
    case "absent":
      return `${news.collection}/`;
    case "seen":
      return `${news.collection}/${news.object.uid}`;
    case "gone":
      return `${news.collection}/${news.uid}`;
    case "gap":
      return `gap ${news.what}`;
    default:
      return news.type;
  }
}

/** Whether everything was heard, or it was said why not. */
export function isHeard({ connection, cluster, gaps, inventory, tailnet }: LiveState): boolean {
  if (inventory === undefined || tailnet === undefined) return false;
  if (connection.state !== "live") return connection.problem !== undefined;
  const { metrics, absent, ...collections } = cluster;
  return (metrics.known || metrics.reason !== NOT_ASKED) &&
    Object.entries(collections).every(([name, objects]) =>
      objects !== undefined || gaps.has(name) || absent.has(name as CollectionName)
    );
}
