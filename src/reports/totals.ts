/**
 * What nodes and pods come to together.
 *
 * @module
 */

import type { ClusterState } from "../cluster/watch/cluster_state.ts";
import type { NodeReport } from "./node_report.ts";
import { hasEnded } from "./pod_index.ts";

/** Something of which a part is used. Sums are over the nodes whose use is known, no others. */
export interface UseTotal {
  readonly used: number;
  readonly allocatable: number;
  /** Nodes that were measured. */
  readonly measured: number;
}

/** Totals; undefined stands for what is not known. */
export interface Totals {
  readonly nodes: {
    /** Undefined while the cluster was not heard. */
    readonly ready: number | undefined;
    /** Of the cluster and of the inventory. */
    readonly all: number;
    /** In the cluster. */
    readonly joined: number;
  };
  readonly pods: { readonly running: number; readonly all: number } | undefined;
  /** Cores; undefined where no node's use is known. */
  readonly cpu: UseTotal | undefined;
  /** Bytes; undefined where no node's use is known. */
  readonly memory: UseTotal | undefined;
  /** Versions of the kubelets, the most frequent first. */
  readonly versions: readonly string[];
}

/** Sums up nodes and pods; pods that have ended are not counted. */
export function totalsOf(nodes: readonly NodeReport[], cluster: ClusterState): Totals {
  const joined = nodes.filter(({ node }) => node !== undefined);
  return {
    nodes: {
      ready: cluster.nodes && nodes.filter(({ status }) => status === "Ready").length,
      all: nodes.length,
      joined: joined.length,
    },
    pods: cluster.pods && countPods(cluster.pods),
    cpu: useOf(joined, "cpu"),
    memory: useOf(joined, "memory"),
    versions: versionsOf(joined),
  };
}

function countPods(pods: NonNullable<ClusterState["pods"]>): { running: number; all: number } {
  let [running, all] = [0, 0];
  for (const pod of pods.values()) {
    if (hasEnded(pod)) continue;
    all++;
    if (pod.phase === "Running") running++;
  }
  return { running, all };
}

function useOf(nodes: readonly NodeReport[], what: "cpu" | "memory"): UseTotal | undefined {
  let [used, allocatable, measured] = [0, 0, 0];
  for (const report of nodes) {
    const [part, whole] = [report.used?.[what], report.node?.allocatable[what]];
    if (part === undefined || whole === undefined) continue;
    used += part;
    allocatable += whole;
    measured++;
  }
  return measured === 0 ? undefined : { used, allocatable, measured };
}

function versionsOf(nodes: readonly NodeReport[]): readonly string[] {
  const versions = nodes.flatMap(({ node }) => node?.kubeletVersion || []);
  return [...Map.groupBy(versions, (version) => version)]
    .sort(([a, these], [b, those]) => those.length - these.length || (a < b ? -1 : 1))
    .map(([version]) => version);
}
