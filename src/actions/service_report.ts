/**
 * Services and workloads with their pods and health.
 *
 * @module
 */

import type { ClusterState } from "../cluster/cluster_state.ts";
import type { ClusterPod, ClusterService, Workload } from "../cluster/objects.ts";

/** How something stands, in one word. */
export type Health =
  /** All pods wanted are ready. */
  | "Healthy"
  /** Some are. */
  | "Degraded"
  /** None is. */
  | "Down"
  /** None is wanted. */
  | "Idle"
  /** It has no pods of its own (ExternalName, or endpoints somebody else keeps). */
  | "External"
  /** Pods could not be listed. */
  | "Unknown";

/** Pods of something; undefined where they are not known. */
export interface PodCount {
  readonly ready: number;
  readonly wanted: number;
}

/** A Service. */
export interface ServiceReport {
  readonly service: ClusterService;
  readonly pods: PodCount | undefined;
  readonly health: Health;
  /** Why pods wait: `CrashLoopBackOff`, …; empty where none does. */
  readonly reason: string;
}

/** A Deployment, StatefulSet or DaemonSet. */
export interface WorkloadReport {
  readonly workload: Workload;
  readonly health: Health;
}

/** Every Service once, by namespace and name; undefined where they are not known. */
export function serviceReports(cluster: ClusterState): ServiceReport[] | undefined {
  if (cluster.services === undefined) return undefined;
  const pods = cluster.pods && Map.groupBy(cluster.pods.values(), ({ namespace }) => namespace);
  const workloads = Map.groupBy(workloadsOf(cluster), ({ namespace }) => namespace);
  return [...cluster.services.values()].sort(byName).map((service) => {
    const { namespace } = service;
    // 500 services over 10,000 pods are five million comparisons: the selector is taken apart once.
    const selector = Object.entries(service.selector);
    const selecting = selector.length > 0;
    if (!selecting || pods === undefined) {
      return { service, pods: undefined, health: selecting ? "Unknown" : "External", reason: "" };
    }
    const selected = (pods.get(namespace) ?? []).filter((pod) =>
      !pod.ending && !hasEnded(pod) && matches(selector, pod.labels)
    );
    const behind = (workloads.get(namespace) ?? []).filter(({ podLabels }) =>
      matches(selector, podLabels)
    );
    const ready = selected.filter((pod) => pod.ready).length;
    // Pods without a workload behind them are wanted as they are.
    const wanted = behind.length > 0
      ? behind.reduce((sum, workload) => sum + workload.wanted, 0)
      : selected.length;
    return {
      service,
      pods: { ready, wanted },
      health: healthOf({ ready, wanted }),
      reason: selected.find(({ problem }) => problem)?.problem?.reason ?? "",
    };
  });
}

/** Every workload once, by namespace and name. */
export function workloadReports(cluster: ClusterState): WorkloadReport[] {
  return workloadsOf(cluster).sort(byName).map((workload) => ({
    workload,
    health: healthOf(workload),
  }));
}

function workloadsOf({ deployments, statefulSets, daemonSets }: ClusterState): Workload[] {
  return [deployments, statefulSets, daemonSets].flatMap((each) => [...each?.values() ?? []]);
}

function healthOf({ ready, wanted }: PodCount): Health {
  if (wanted === 0) return "Idle";
  if (ready >= wanted) return "Healthy";
  return ready === 0 ? "Down" : "Degraded";
}

function hasEnded({ phase }: ClusterPod): boolean {
  return phase === "Succeeded" || phase === "Failed";
}

function matches(
  selector: readonly (readonly [key: string, value: string])[],
  labels: Readonly<Record<string, string>>,
): boolean {
  return selector.every(([key, value]) => labels[key] === value);
}

function byName(
  a: { readonly namespace: string; readonly name: string },
  b: { readonly namespace: string; readonly name: string },
): number {
  const [left, right] = [`${a.namespace}\0${a.name}`, `${b.namespace}\0${b.name}`];
  return left < right ? -1 : left > right ? 1 : 0;
}
