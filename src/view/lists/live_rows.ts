/**
 * Rows of the live lists. Each is made anew only when what it is made from has changed.
 *
 * @module
 */

import type { CollectionName } from "../../cluster/watch/cluster_state.ts";
import type { LiveState } from "../../live/live_state.ts";
import { type NodeReport, nodeReports } from "../../reports/node_report.ts";
import { serviceReports } from "../../reports/service_report.ts";
import { type Totals, totalsOf } from "../../reports/totals.ts";
import { liveWorkloads, workloadReports } from "../../reports/workload_report.ts";
import { type FoldedEvent, foldEvents } from "./live_events.ts";

/** How exactly time counts for nodes: it decides on keys that expire, in milliseconds. */
const NODE_TIME_MS = 60_000;

/** Nodes in the order of the inventory, then by name. */
export function nodeRows(state: LiveState, now: number): readonly NodeReport[] {
  const { inventory, tailnet, cluster, connection } = state;
  const minute = Math.floor(now / NODE_TIME_MS) * NODE_TIME_MS;
  // The first answer may be a moment away.
  const waits = connection.state === "live" ||
    connection.state === "connecting" && connection.problem === undefined;
  const unheard = state.gaps.get("nodes") ?? (waits ? "nodes are not listed yet" : undefined);
  return nodesFrom(
    cluster.nodes,
    cluster.pods,
    cluster.metrics,
    inventory,
    tailnet,
    minute,
    unheard,
  )(() =>
    nodeReports({
      // Without an inventory nothing is missing from it.
      hosts: inventory?.known ? inventory.value?.hosts : undefined,
      cluster: cluster.nodes === undefined ? undefined : cluster,
      ...unheard === undefined ? {} : { unheard },
      peers: tailnet?.known ? tailnet.value.peers : undefined,
      now: minute,
    })
  );
}

/** All that runs, what is in trouble first, then by namespace and name. */
export const workloadRows = ofCollections(
  ["services", "pods", "deployments", "statefulSets", "daemonSets", "jobs", "cronJobs"],
  ({ cluster, gaps }) => liveWorkloads(cluster, { refused: gaps }),
);

/** Services by namespace and name; undefined where they could not be listed. */
export const serviceRows = ofCollections(
  ["services", "pods", "deployments", "statefulSets", "daemonSets"],
  ({ cluster }) => serviceReports(cluster),
);

/** Workloads by namespace and name. */
export const workloadReportRows = ofCollections(
  ["pods", "deployments", "statefulSets", "daemonSets", "jobs", "cronJobs"],
  ({ cluster }) => workloadReports(cluster),
);

const foldedEvents = ofCollections(
  ["events"],
  ({ cluster }) => foldEvents(cluster.events?.values() ?? []),
);

/** Events, the newest first. */
export function eventRows(
  state: LiveState,
  { warningsOnly }: { readonly warningsOnly: boolean },
): readonly FoldedEvent[] {
  const all = foldedEvents(state);
  return warningsOnly ? warningsFrom(all)(() => all.filter(({ warning }) => warning)) : all;
}

/** What nodes and pods come to together. */
export function totals(state: LiveState, now: number): Totals {
  const nodes = nodeRows(state, now);
  const { cluster } = state;
  return totalsFrom(nodes, cluster.nodes, cluster.pods)(() => totalsOf(nodes, cluster));
}

const nodesFrom = latest<readonly NodeReport[]>();
const totalsFrom = latest<Totals>();
const warningsFrom = latest<readonly FoldedEvent[]>();

/** What is made of some collections, and of what is missing; made again when one of them is another. */
function ofCollections<T>(
  names: readonly CollectionName[],
  make: (state: LiveState) => T,
): (state: LiveState) => T {
  const from = latest<T>();
  return (state) =>
    from(state.gaps, ...names.map((name) => state.cluster[name]))(() => make(state));
}

/** Given its inputs, and how it is made of them, a value. */
export type Memo<T> = (...inputs: readonly unknown[]) => (make: () => T) => T;

/** Keeps the latest value for as long as its inputs are the very same. */
export function latest<T>(): Memo<T> {
  let kept: { readonly inputs: readonly unknown[]; readonly value: T } | undefined;
  return (...inputs) => (make) => {
    if (kept === undefined || inputs.some((input, index) => input !== kept?.inputs[index])) {
      kept = { inputs, value: make() };
    }
    return kept.value;
  };
}
