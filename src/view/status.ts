/**
 * How a cluster stands, as `status` shows it: the rows and sums of the live screen.
 *
 * @module
 */

import type { LiveState } from "../actions/live_state.ts";
import type { NodeReport } from "../actions/node_report.ts";
import type { ServiceReport } from "../actions/service_report.ts";
import type { Totals } from "../actions/totals.ts";
import type { WorkloadReport } from "../actions/workload_report.ts";
import type { Metrics } from "../cluster/cluster_state.ts";
import type { Connection } from "../cluster/connection.ts";
import { type GitopsReport, gitopsReport } from "./live_gitops.ts";
import { nodeRows, serviceRows, totals, workloadReportRows } from "./live_rows.ts";
import { gapsOf, usageGap, warningsOf } from "./notices.ts";

/** How things stand. */
export interface Status {
  /** `cluster_name`; undefined without an inventory. */
  readonly clusterName: string | undefined;
  /** `https://100.64.0.1:6443`; undefined where the cluster was never reached. */
  readonly server: string | undefined;
  readonly connection: Connection;
  readonly nodes: readonly NodeReport[];
  /** Undefined where they could not be listed. */
  readonly services: readonly ServiceReport[] | undefined;
  readonly workloads: readonly WorkloadReport[];
  readonly totals: Totals;
  readonly gitops: GitopsReport;
  readonly metrics: Metrics;
  /** What could not be read, each in words. */
  readonly gaps: readonly string[];
  /** Why the use of CPU and memory is not known, as a sentence. */
  readonly usageGap: string | undefined;
  /** What a person should look at soon. */
  readonly warnings: readonly string[];
}

/** The status at `now` (milliseconds since the epoch). */
export function statusOf(state: LiveState, now: number): Status {
  const { inventory, server, connection, cluster } = state;
  const heard = connection.state === "live" || cluster.nodes !== undefined;
  return {
    clusterName: inventory?.known ? inventory.value?.cluster.clusterName : undefined,
    server,
    connection,
    nodes: nodeRows(state, now),
    services: serviceRows(state),
    workloads: workloadReportRows(state),
    totals: totals(state, now),
    gitops: gitopsReport(state),
    metrics: heard ? cluster.metrics : { known: false, reason: "the cluster could not be asked" },
    gaps: gapsOf(state),
    usageGap: usageGap(state),
    warnings: warningsOf(state, now),
  };
}
