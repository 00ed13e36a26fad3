/**
 * Everything known of a cluster that is watched, what is heard of it and of the connection to it,
 * and how each piece of news changes what is known.
 *
 * A list and a watch bring the same news, so that both lead to the same state.
 *
 * @module
 */

import type { WatchedFluxObject } from "../../gitops/flux/flux_status.ts";
import type {
  ClusterEvent,
  ClusterNode,
  ClusterPod,
  ClusterService,
  Workload,
} from "../read/objects.ts";
import type { NodeVolume } from "../read/read_volumes.ts";
import type { UserError } from "../../errors/user_error.ts";

/** Use of a node, measured. Undefined stands for what nobody measured. */
export interface Usage {
  /** Cores. */
  readonly cpu: number | undefined;
  /** Bytes. */
  readonly memory: number | undefined;
  /** Bytes of the file system that pods use. */
  readonly disk: { readonly used: number; readonly capacity: number } | undefined;
  /** Volumes that running pods have, each once; none are left out. */
  readonly volumes?: readonly VolumeUsage[];
}

/** A volume, and the bytes of the file system that it is on: of a directory no other are known. */
export interface VolumeUsage {
  /** `namespace/name` of its claim. */
  readonly claim: string;
  readonly used: number;
  readonly capacity: number;
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
  readonly jobs: Workload;
  readonly cronJobs: Workload;
  readonly events: ClusterEvent;
  readonly persistentVolumes: NodeVolume;
  readonly gitRepositories: WatchedFluxObject;
  readonly kustomizations: WatchedFluxObject;
}

/** Name of a collection. */
export type CollectionName = keyof Collections;

/**
 * Objects by UID; undefined where the collection was never listed (no permission, not asked) or is
 * not there any more.
 */
export type Collection<T> = ReadonlyMap<string, T> | undefined;

/** Everything known of a cluster. */
export type ClusterState =
  & { readonly [K in CollectionName]: Collection<Collections[K]> }
  & {
    readonly metrics: Metrics;
    /** Collections that the API server does not have: what they belong to is not installed. */
    readonly absent: ReadonlySet<CollectionName>;
  };

/** News of one collection. */
type CollectionEvent = {
  [K in CollectionName]:
    | {
      readonly type: "listed";
      readonly collection: K;
      readonly objects: readonly Collections[K][];
    }
    | { readonly type: "seen"; readonly collection: K; readonly object: Collections[K] }
    | { readonly type: "gone"; readonly collection: K; readonly uid: string }
    | { readonly type: "absent"; readonly collection: K };
}[CollectionName];

/** A piece of news. */
export type ClusterNews = CollectionEvent | {
  readonly type: "metrics";
  readonly metrics: Metrics;
};

/** Why nothing is measured before anybody asked. */
export const NOT_ASKED = "not asked";

/** Before anything was asked. */
export const emptyCluster: ClusterState = {
  nodes: undefined,
  pods: undefined,
  services: undefined,
  deployments: undefined,
  statefulSets: undefined,
  daemonSets: undefined,
  jobs: undefined,
  cronJobs: undefined,
  events: undefined,
  persistentVolumes: undefined,
  gitRepositories: undefined,
  kustomizations: undefined,
  metrics: { known: false, reason: NOT_ASKED },
  absent: new Set(),
};

/**
 * The state after a batch of news, in their order; the state given stays as it is.
 *
 * Each collection is copied once a batch: one copy of 10,000 pods takes as long as some hundred
 * changes.
 */
export function reduceClusterAll(
  state: ClusterState,
  batch: readonly ClusterNews[],
): ClusterState {
  const copies = new Map<CollectionName, Map<string, unknown> | undefined>();
  let { metrics, absent } = state;
  const isAbsent = (collection: CollectionName, now: boolean) => {
    if (absent.has(collection) === now) return;
    absent = absent.symmetricDifference(new Set([collection]));
  };
  for (const news of batch) {
    if (news.type === "metrics") {
      metrics = news.metrics;
      continue;
    }
    const { collection } = news;
    const before: ReadonlyMap<string, unknown> | undefined = copies.has(collection)
      ? copies.get(collection)
      : state[collection];
    isAbsent(
      collection,
      news.type === "absent" || (news.type === "gone" && absent.has(collection)),
    );
    if (news.type === "listed") {
      copies.set(collection, new Map(news.objects.map((object) => [object.uid, object])));
    } else if (news.type === "absent") {
      if (before !== undefined) copies.set(collection, undefined);
    } else {
      if (news.type === "gone" && !before?.has(news.uid)) continue;
      const copy = copies.get(collection) ?? new Map(before);
      copies.set(collection, copy);
      if (news.type === "gone") copy.delete(news.uid);
      else copy.set(news.object.uid, news.object);
    }
  }
  if (copies.size === 0 && metrics === state.metrics && absent === state.absent) return state;
  return { ...state, ...Object.fromEntries(copies), metrics, absent };
}

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
