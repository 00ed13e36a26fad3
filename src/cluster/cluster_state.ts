/**
 * Everything known of a cluster, and how each piece of news changes it.
 *
 * A list and a watch bring the same news, so that both lead to the same state.
 *
 * @module
 */

import type { ClusterNode, ClusterPod, ClusterService, Workload } from "./objects.ts";

/** Use of a node, as metrics-server measured it. */
export interface Usage {
  /** Cores. */
  readonly cpu: number;
  /** Bytes. */
  readonly memory: number;
}

/** Measurements by the name of the node, or why there are none: unknown is never zero. */
export type Metrics =
  | { readonly known: true; readonly nodes: ReadonlyMap<string, Usage> }
  | { readonly known: false; readonly reason: string };

/** What each collection of the state holds. */
export interface Collections {
  readonly nodes: ClusterNode;
  readonly pods: ClusterPod;
  readonly services: ClusterService;
  readonly deployments: Workload;
  readonly statefulSets: Workload;
  readonly daemonSets: Workload;
}

/** Name of a collection. */
export type CollectionName = keyof Collections;

/** Objects by UID; undefined where the collection was never listed (no permission, not asked). */
export type Collection<T> = ReadonlyMap<string, T> | undefined;

/** Everything known of a cluster. */
export type ClusterState =
  & { readonly [K in CollectionName]: Collection<Collections[K]> }
  & { readonly metrics: Metrics };

/** News of one collection. */
type CollectionEvent = {
  [K in CollectionName]:
    | {
      readonly type: "listed";
      readonly collection: K;
      readonly objects: readonly Collections[K][];
    }
    | { readonly type: "seen"; readonly collection: K; readonly object: Collections[K] }
    | { readonly type: "gone"; readonly collection: K; readonly uid: string };
}[CollectionName];

/** A piece of news. */
export type ClusterEvent = CollectionEvent | {
  readonly type: "metrics";
  readonly metrics: Metrics;
};

/** Before anything was asked. */
export const emptyCluster: ClusterState = {
  nodes: undefined,
  pods: undefined,
  services: undefined,
  deployments: undefined,
  statefulSets: undefined,
  daemonSets: undefined,
  metrics: { known: false, reason: "not asked" },
};

/** The state after a piece of news; the state given stays as it is. */
export function reduceCluster(state: ClusterState, event: ClusterEvent): ClusterState {
  if (event.type === "metrics") return { ...state, metrics: event.metrics };
  if (event.type === "listed") {
    return {
      ...state,
      [event.collection]: new Map(event.objects.map((object) => [object.uid, object])),
    };
  }
  const before: ReadonlyMap<string, unknown> = state[event.collection] ?? new Map();
  if (event.type === "gone" && !before.has(event.uid)) return state;
  const after = new Map(before);
  if (event.type === "gone") after.delete(event.uid);
  else after.set(event.object.uid, event.object);
  return { ...state, [event.collection]: after };
}
