/**
 * The document `Status`.
 *
 * @module
 */

import type { Connection } from "../../cluster/api/connection.ts";
import { fluxItem } from "./flux.ts";
import type { GitopsReport } from "../lists/live_gitops.ts";
import { nodeItem } from "./nodes.ts";
import { serviceItem, workloadItem } from "./services.ts";
import type { Status } from "./status.ts";

/** What `status -o json` prints, beside `apiVersion` and `kind`. */
export function statusDocument(status: Status) {
  const { nodes, pods, cpu, memory, versions } = status.totals;
  return {
    cluster: status.clusterName ?? null,
    server: status.server ?? null,
    reachable: status.connection.state === "live",
    connection: connectionItem(status.connection),
    nodes: status.nodes.map(nodeItem),
    services: status.services?.map(serviceItem) ?? null,
    workloads: status.workloads.map(workloadItem),
    podsRunning: pods?.running ?? null,
    totals: {
      nodes: { ready: nodes.ready ?? null, joined: nodes.joined, all: nodes.all },
      pods: pods ?? null,
      cpu: cpu ?? null,
      memory: memory ?? null,
      versions,
    },
    gitops: gitopsItem(status.gitops),
    metrics: {
      known: status.metrics.known,
      reason: status.metrics.known ? "" : status.metrics.reason,
    },
    gaps: status.gaps,
    warnings: status.warnings,
  };
}

function gitopsItem({ installed, state, revision, updatedAt, objects }: GitopsReport) {
  return {
    installed: installed ?? null,
    state: state ?? null,
    revision: revision ?? null,
    updatedAt: updatedAt ?? null,
    items: objects.map(fluxItem),
  };
}

function connectionItem(connection: Connection) {
  const { state } = connection;
  return {
    state,
    lastHeard: state === "lost" ? new Date(connection.lastHeard).toISOString() : null,
    problem: state === "live" ? null : connection.problem?.message ?? null,
  };
}
