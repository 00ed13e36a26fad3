/**
 * The document `Status`.
 *
 * @module
 */

import { STATUS } from "./cluster_documents.ts";
import { nodeItem } from "./nodes.ts";
import { serviceItem, workloadItem } from "./services.ts";
import { shaped } from "./shaped.ts";
import type { Status } from "./status.ts";

/** What `status -o json` prints, beside `apiVersion` and `kind`. */
export function statusDocument(status: Status) {
  const { connection, metrics, totals } = status;
  return {
    cluster: status.clusterName ?? null,
    server: status.server ?? null,
    reachable: connection.state === "live",
    connection: shaped(STATUS.connection, {
      state: connection.state,
      lastHeard: connection.state === "lost"
        ? new Date(connection.lastHeard).toISOString()
        : undefined,
      problem: connection.state === "live" ? undefined : connection.problem?.message,
    }),
    nodes: status.nodes.map(nodeItem),
    services: status.services?.map(serviceItem) ?? null,
    workloads: status.workloads.map(workloadItem),
    podsRunning: totals.pods?.running ?? null,
    totals: shaped(STATUS.totals, totals),
    gitops: shaped(STATUS.gitops, { ...status.gitops, items: status.gitops.objects }),
    metrics: { known: metrics.known, reason: metrics.known ? "" : metrics.reason },
    gaps: status.gaps,
    warnings: status.warnings,
  };
}
