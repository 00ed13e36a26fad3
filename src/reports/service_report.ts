/**
 * Services with their pods and health.
 *
 * @module
 */

import type { ClusterState } from "../cluster/watch/cluster_state.ts";
import type { ClusterPod, ClusterService, Problem, Workload } from "../cluster/read/objects.ts";
import { isStarting } from "../cluster/read/pod_problem.ts";
import { byNamespaceAndName } from "./by_name.ts";
import { type Health, healthOf, type PodCount } from "./health.ts";
import { activePods, problemOf, readyPods, restartsOf } from "./pod_index.ts";

/** A Service. */
export interface ServiceReport {
  readonly service: ClusterService;
  /** Undefined where they are not known, or it has none of its own. */
  readonly pods: PodCount | undefined;
  readonly health: Health;
  /** Why pods wait or fail; undefined where none does. */
  readonly problem: Problem | undefined;
  /** Of its pods' containers; undefined where its pods are not known. */
  readonly restarts: number | undefined;
  /** Its pods that are not past. */
  readonly selected: readonly ClusterPod[];
}

/** Every Service once, by namespace and name; undefined where they are not known. */
export function serviceReports(cluster: ClusterState): ServiceReport[] | undefined {
  if (cluster.services === undefined) return undefined;
  return reports([...cluster.services.values()].sort(byNamespaceAndName), cluster);
}

/** One Service; undefined where it is not known. */
export function serviceReport(
  cluster: ClusterState,
  { namespace, name }: { readonly namespace: string; readonly name: string },
): ServiceReport | undefined {
  const service = cluster.services?.values()
    .find((each) => each.name === name && each.namespace === namespace);
  return service && reports([service], cluster)[0];
}

function reports(services: readonly ClusterService[], cluster: ClusterState): ServiceReport[] {
  const podsFor = cluster.pods && selectorIndex(cluster.pods.values(), {
    labelsOf: ({ labels }) => labels,
    selectors: services,
  });
  const workloadsFor = selectorIndex(scalable(cluster), {
    labelsOf: ({ podLabels }) => podLabels,
    selectors: services,
  });
  return services.map((service) => {
    const { namespace, selector } = service;
    const selecting = Object.keys(selector).length > 0;
    if (!selecting || podsFor === undefined) {
      return {
        service,
        pods: undefined,
        health: selecting ? "Unknown" : "External",
        problem: undefined,
        restarts: undefined,
        selected: [],
      };
    }
    const selected = activePods(podsFor(namespace, selector));
    const behind = workloadsFor(namespace, selector);
    const ready = readyPods(selected);
    // Pods without a workload behind them are wanted as they are.
    const wanted = behind.length > 0
      ? behind.reduce((sum, workload) => sum + workload.wanted, 0)
      : selected.length;
    const problem = problemOf(selected);
    return {
      service,
      pods: { ready, wanted },
      health: healthOf({ ready, wanted }, problem && isStarting(problem) ? undefined : problem),
      problem,
      restarts: restartsOf(selected),
      selected,
    };
  });
}

/** Workloads that keep a number of pods running. */
function scalable({ deployments, statefulSets, daemonSets }: ClusterState): Workload[] {
  return [deployments, statefulSets, daemonSets].flatMap((each) => [...each?.values() ?? []]);
}

/** Labels that must all be there. */
export type Selector = Readonly<Record<string, string>>;

/**
 * A function that finds what a selector selects in a namespace; an empty one selects nothing.
 *
 * 500 services over 10,000 pods are five million comparisons: only what carries the rarest label of
 * a selector is compared with the rest of it.
 *
 * @param options.selectors those that will be asked for: their keys alone are indexed
 */
export function selectorIndex<T extends { readonly namespace: string }>(
  things: Iterable<T>,
  { labelsOf, selectors }: {
    readonly labelsOf: (thing: T) => Selector;
    readonly selectors: Iterable<{ readonly namespace: string; readonly selector: Selector }>;
  },
): (namespace: string, selector: Selector) => readonly T[] {
  const spaces = new Map<string, Map<string, Map<string, T[]>>>();
  for (const { namespace, selector } of selectors) {
    const keys = spaces.get(namespace) ?? new Map<string, Map<string, T[]>>();
    spaces.set(namespace, keys);
    for (const key of Object.keys(selector)) if (!keys.has(key)) keys.set(key, new Map());
  }
  for (const thing of things) {
    const labels = labelsOf(thing);
    for (const [key, values] of spaces.get(thing.namespace) ?? []) {
      const value = labels[key];
      if (value === undefined) continue;
      const known = values.get(value);
      if (known === undefined) values.set(value, [thing]);
      else known.push(thing);
    }
  }
  return (namespace, selector) => {
    const pairs = Object.entries(selector);
    const keys = spaces.get(namespace);
    if (pairs.length === 0 || keys === undefined) return [];
    const sets = pairs.map(([key, value]) => keys.get(key)?.get(value) ?? []);
    const fewest = sets.reduce((best, set) => set.length < best.length ? set : best);
    if (pairs.length === 1) return fewest;
    return fewest.filter((thing) => {
      const labels = labelsOf(thing);
      return pairs.every(([key, value]) => labels[key] === value);
    });
  };
}
