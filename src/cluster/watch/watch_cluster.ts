/**
 * A whole cluster, watched.
 *
 * @module
 */

import type { Clock } from "../../process/system.ts";
import { COLLECTIONS, type CollectionSources, sourceEntries } from "./collections.ts";
import { ConnectionMonitor } from "./connection_monitor.ts";
import type { KubernetesApi } from "../api/kubernetes_api.ts";
import { UsageMeter } from "../usage/usage_meter.ts";
import { watchCollection } from "./watch_collection.ts";
import type { Emit } from "./cluster_state.ts";

/** What it takes to watch a cluster. */
export interface ClusterWatchOptions {
  readonly api: KubernetesApi;
  /** Gives up the connection that stands, so that the next request makes a new one. */
  readonly reset: () => void;
  readonly clock: Clock;
  /** What is watched; default: the collections of Kubernetes itself. */
  readonly sources?: CollectionSources;
  /** Where chance comes from, at least 0 and below 1; default `Math.random`. */
  readonly random?: () => number;
}

/** A cluster that can be watched. */
export interface ClusterWatch {
  /**
   * Tells all that happens until the signal is aborted, then rejects with its reason. A cluster
   * that is out of reach is news; it is tried again and again.
   */
  run(emit: Emit, signal: AbortSignal): Promise<never>;
  /** Nodes whose kubelets are asked for their use: what is costly is measured for these only. */
  lookAt(nodes: readonly string[]): void;
  /** Tries at once where the cluster is lost. */
  retry(): void;
}

/**
 * Watches every collection, the connection, and the use of nodes. Nothing wakes up while nothing
 * happens but a heartbeat every 10 s and the measurements.
 */
export function clusterWatch(
  { api, reset, clock, sources = COLLECTIONS, random = Math.random }: ClusterWatchOptions,
): ClusterWatch {
  let names: readonly string[] = [];
  let running: { readonly monitor: ConnectionMonitor; readonly meter: UsageMeter } | undefined;
  return {
    run: async (emit, signal) => {
      const own = new AbortController();
      const both = AbortSignal.any([signal, own.signal]);
      const monitor = new ConnectionMonitor({ api, reset, clock, random, emit, signal: both });
      const link = monitor;
      const meter = new UsageMeter({ api, link, clock, emit, signal: both }, names);
      running = { monitor, meter };
      const parts: Promise<never>[] = [
        monitor.run(),
        meter.run(),
        ...sourceEntries(sources).map(([name, source]) =>
          watchCollection(name, { api, source, link, clock, emit, random })
        ),
      ];
      try {
        await Promise.race(parts);
        throw new Error("unreachable: no part ends but by rejecting");
      } finally {
        own.abort(new DOMException("The watch has ended", "AbortError"));
        running = undefined;
        await Promise.allSettled(parts);
      }
    },
    lookAt: (nodes) => {
      names = nodes;
      running?.meter.lookAt(nodes);
    },
    retry: () => running?.monitor.retry(),
  };
}
