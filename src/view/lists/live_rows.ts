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
import { type FoldedEvent, foldEvents, type Foldings } from "./live_events.ts";

/** A cluster as somebody looks at it. */
export interface LiveView {
  readonly live: LiveState;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** What was made for the look before; it belongs to who looks. */
  readonly memo: Memo;
}

/** Keeps the latest value under a name for as long as what it is made from is the very same. */
export type Memo = <T>(name: string, from: readonly unknown[], make: () => T) => T;

/** A memory for who looks again and again. */
export function newMemo(): Memo {
  const kept = new Map<string, { readonly from: readonly unknown[]; readonly value: unknown }>();
  return <T>(name: string, from: readonly unknown[], make: () => T) => {
    let known = kept.get(name);
    if (known === undefined || from.some((input, index) => input !== known?.from[index])) {
      known = { from, value: make() };
      kept.set(name, known);
    }
    return known.value as T;
  };
}

/** How exactly time counts for nodes: it decides on keys that expire, in milliseconds. */
const NODE_TIME_MS = 60_000;

/** Nodes in the order of the inventory, then by name. */
export function nodeRows({ live, now, memo }: LiveView): readonly NodeReport[] {
  const { inventory, tailnet, cluster, connection, gaps } = live;
  const minute = Math.floor(now / NODE_TIME_MS) * NODE_TIME_MS;
  // The first answer may be a moment away.
  const waits = connection.state === "live" ||
    connection.state === "connecting" && connection.problem === undefined;
  const unheard = gaps.get("nodes") ?? (waits ? "nodes are not listed yet" : undefined);
  const { nodes, pods, metrics } = cluster;
  return memo(
    "nodes",
    [nodes, pods, metrics, inventory, tailnet, minute, unheard],
    () =>
      nodeReports({
        // Without an inventory nothing is missing from it.
        hosts: inventory?.known ? inventory.value?.hosts : undefined,
        cluster: nodes === undefined ? undefined : cluster,
        ...unheard === undefined ? {} : { unheard },
        peers: tailnet?.known ? tailnet.value.peers : undefined,
        now: minute,
      }),
  );
}

/** What keeps pods running for as long as it is there. */
const KEEPERS = ["pods", "deployments", "statefulSets", "daemonSets"] as const;

/** Collections, and what is missing of them. */
function parts({ cluster, gaps }: LiveState, names: readonly CollectionName[]): unknown[] {
  return [gaps, ...names.map((name) => cluster[name])];
}

/** All that runs, what is in trouble first, then by namespace and name. */
export function workloadRows({ live, memo }: LiveView) {
  const from = parts(live, [...KEEPERS, "services", "jobs", "cronJobs"]);
  return memo("workloads", from, () => liveWorkloads(live.cluster, { refused: live.gaps }));
}

/** Services by namespace and name; undefined where they could not be listed. */
export function serviceRows({ live, memo }: LiveView) {
  return memo(
    "services",
    parts(live, [...KEEPERS, "services"]),
    () => serviceReports(live.cluster),
  );
}

/** Workloads by namespace and name. */
export function workloadReportRows({ live, memo }: LiveView) {
  const from = parts(live, [...KEEPERS, "jobs", "cronJobs"]);
  return memo("workload reports", from, () => workloadReports(live.cluster));
}

/** Events, the newest first. */
export function eventRows(
  { live: { cluster: { events } }, memo }: LiveView,
  { warningsOnly = false }: { readonly warningsOnly?: boolean } = {},
): readonly FoldedEvent[] {
  const foldings = memo("foldings", [], (): Foldings => new WeakMap());
  const all = memo("events", [events], () => foldEvents(events?.values() ?? [], foldings));
  if (!warningsOnly) return all;
  return memo("warnings", [all], () => all.filter(({ warning }) => warning));
}

/** What nodes and pods come to together. */
export function totals(view: LiveView): Totals {
  const nodes = nodeRows(view);
  const { cluster } = view.live;
  return view.memo("totals", [nodes, cluster.nodes, cluster.pods], () => totalsOf(nodes, cluster));
}
