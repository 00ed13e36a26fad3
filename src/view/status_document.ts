/**
 * The document `Status`.
 *
 * @module
 */

import type { Status } from "../actions/status.ts";
import { nodeItem } from "./nodes.ts";
import { serviceItem, workloadItem } from "./services.ts";

/** What `status -o json` prints, beside `apiVersion` and `kind`. */
export function statusDocument(status: Status) {
  return {
    cluster: status.clusterName ?? null,
    server: status.server ?? null,
    reachable: status.clusterError === undefined,
    nodes: status.nodes.map(nodeItem),
    services: status.services?.map(serviceItem) ?? null,
    workloads: status.workloads.map(workloadItem),
    podsRunning: status.podsRunning ?? null,
    metrics: {
      known: status.metrics.known,
      reason: status.metrics.known ? "" : status.metrics.reason,
    },
    gaps: status.gaps,
    warnings: status.warnings,
  };
}
