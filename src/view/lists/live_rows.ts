/**
 * Rows of the live lists. Each is made anew only when what it is made from has changed.
 *
 * @module
 */

import type { LiveState } from "../../live/live_state.ts";
import { type NodeReport, nodeReports } from "../../reports/node_report.ts";
import { type ServiceReport, serviceReports } from "../../reports/service_report.ts";
import { type Totals, totalsOf } from "../../reports/totals.ts";
import {
  type LiveWorkload,
  liveWorkloads,
  type WorkloadReport,
  workloadReports,
} from "../../reports/workload_report.ts";
import { type FoldedEvent, foldEvents } from "./folded_events.ts";

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
export function workloadRows(state: LiveState): readonly LiveWorkload[] {
  const { services, pods, deployments, statefulSets, daemonSets, jobs, cronJobs } = state.cluster;
  return workloadsFrom(
    services,
    pods,
    deployments,
    statefulSets,
    daemonSets,
    jobs,
    cronJobs,
    state.gaps,
  )(() => liveWorkloads(state.cluster, { refused: state.gaps }));
}

/** Services by namespace and name; undefined where they could not be listed. */
export function serviceRows({ cluster }: LiveState): readonly ServiceReport[] | undefined {
  const { services, pods, deployments, statefulSets, daemonSets } = cluster;
  return servicesFrom(services, pods, deployments, statefulSets, daemonSets)(() =>
    serviceReports(cluster)
  );
}

/** Workloads by namespace and name. */
export function workloadReportRows({ cluster }: LiveState): readonly WorkloadReport[] {
  const { pods, deployments, statefulSets, daemonSets, jobs, cronJobs } = cluster;
  return reportsFrom(pods, deployments, statefulSets, daemonSets, jobs, cronJobs)(() =>
    workloadReports(cluster)
  );
}

/** Events, the newest first. */
export function eventRows(
  state: LiveState,
  { warningsOnly }: { readonly warningsOnly: boolean },
): readonly FoldedEvent[] {
  const { events } = state.cluster;
  const all = eventsFrom(events)(() => foldEvents(events?.values() ?? []));
  return warningsOnly ? warningsFrom(all)(() => all.filter(({ warning }) => warning)) : all;
}

/** What nodes and pods come to together. */
export function totals(state: LiveState, now: number): Totals {
  const nodes = nodeRows(state, now);
  const { cluster } = state;
  return totalsFrom(nodes, cluster.nodes, cluster.pods)(() => totalsOf(nodes, cluster));
}

const nodesFrom = latest<readonly NodeReport[]>();
const workloadsFrom = latest<readonly LiveWorkload[]>();
const servicesFrom = latest<readonly ServiceReport[] | undefined>();
const reportsFrom = latest<readonly WorkloadReport[]>();
const eventsFrom = latest<readonly FoldedEvent[]>();
const totalsFrom = latest<Totals>();
const warningsFrom = latest<readonly FoldedEvent[]>();

/** Keeps the latest value for as long as its inputs are the very same. */
export function latest<T>(): (...inputs: readonly unknown[]) => (make: () => T) => T {
  let kept: { readonly inputs: readonly unknown[]; readonly value: T } | undefined;
  return (...inputs) => (make) => {
    if (kept === undefined || inputs.some((input, index) => input !== kept?.inputs[index])) {
      kept = { inputs, value: make() };
    }
    return kept.value;
  };
}
