/**
 * How a cluster stands, as `status` shows it: the rows and sums of the live screen.
 *
 * @module
 */

import { safeText } from "../../errors/safe_text.ts";
import { usageError } from "../../errors/user_error.ts";
import type { LiveState } from "../../live/live_state.ts";
import type { NodeReport } from "../../reports/node_report.ts";
import type { ServiceReport } from "../../reports/service_report.ts";
import type { Totals } from "../../reports/totals.ts";
import type { WorkloadReport } from "../../reports/workload_report.ts";
import type { Metrics } from "../../cluster/watch/cluster_state.ts";
import type { Connection } from "../../cluster/api/connection.ts";
import { type GitopsReport, gitopsReport } from "../lists/live_gitops.ts";
import { nodeRows, serviceRows, totals, workloadReportRows } from "../lists/live_rows.ts";
import { gapsOf, usageGap, warningsOf } from "../words/notices.ts";

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

/**
 * The status at `now` (milliseconds since the epoch).
 *
 * @param names nodes that are shown, by the names of the inventory or of the cluster; none: all
 * @throws {UserError} exit code 2 where there is no node of a name, once the nodes are known
 */
export function statusOf(state: LiveState, now: number, names: readonly string[] = []): Status {
  const { inventory, server, connection, cluster } = state;
  const heard = connection.state === "live" || cluster.nodes !== undefined;
  return {
    clusterName: inventory?.known ? inventory.value?.cluster.clusterName : undefined,
    server,
    connection,
    nodes: heard || names.length === 0
      ? chosen(nodeRows(state, now), names)
      : nodeRows(state, now).filter((row) => names.some((name) => isCalled(row, name))),
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

function chosen(rows: readonly NodeReport[], names: readonly string[]): readonly NodeReport[] {
  if (names.length === 0) return rows;
  for (const name of names) {
    if (rows.some((row) => isCalled(row, name))) continue;
    throw usageError(
      `There is no node ${safeText(name)}, neither in the inventory nor in the cluster`,
      {
        hint: `There are: ${rows.map((row) => safeText(row.name)).join(", ") || "none"}.`,
      },
    );
  }
  return rows.filter((row) => names.some((name) => isCalled(row, name)));
}

function isCalled({ name, host }: NodeReport, wanted: string): boolean {
  return name === wanted || host?.name === wanted || name === wanted.toLowerCase();
}
