/**
 * How the cluster stands: nodes, services, workloads.
 *
 * @module
 */

import type { Metrics } from "../cluster/cluster_state.ts";
import type { UserError } from "../errors/user_error.ts";
import type { Inventory } from "../inventory/model.ts";
import type { System } from "../process/system.ts";
import { keyWarning } from "../tailscale/key_expiry.ts";
import { type NodeReport, nodeReports } from "./node_report.ts";
import { type ServiceReport, serviceReports } from "./service_report.ts";
import { type ClusterChoice, surveyCluster, surveyInventory, surveyTailnet } from "./survey.ts";
import { type WorkloadReport, workloadReports } from "./workload_report.ts";

/** What a person asks for. */
export interface StatusRequest {
  /** As given with `-i`; undefined: the nearest. */
  readonly inventory: string | undefined;
  readonly cluster: ClusterChoice;
}

/** How things stand. */
export interface Status {
  /** `cluster_name`; undefined without an inventory. */
  readonly clusterName: string | undefined;
  /** `https://100.64.0.1:6443`; undefined where the cluster could not be asked. */
  readonly server: string | undefined;
  readonly nodes: readonly NodeReport[];
  /** Undefined where they could not be listed. */
  readonly services: readonly ServiceReport[] | undefined;
  readonly workloads: readonly WorkloadReport[];
  /** Pods that run; undefined where they could not be listed. */
  readonly podsRunning: number | undefined;
  readonly metrics: Metrics;
  /** What could not be read, each in words. */
  readonly gaps: readonly string[];
  /** What a person should look at soon. */
  readonly warnings: readonly string[];
  /** Why the cluster could not be asked; the rest is shown all the same. */
  readonly clusterError: UserError | undefined;
}

/**
 * Looks at everything once.
 *
 * @throws {UserError} exit code 2 where the inventory is named but not readable; what else cannot
 *   be read is a gap, and an unreachable cluster is in `clusterError`
 */
export async function readStatus(system: System, request: StatusRequest): Promise<Status> {
  const inventory = await surveyInventory(system, request.inventory);
  if (!inventory.known && request.inventory !== undefined) throw inventory.error;
  const known = inventory.known ? inventory.value : undefined;
  const [tailnet, cluster] = await Promise.all([
    surveyTailnet(system),
    surveyCluster(system, {
      inventory: known,
      choice: request.cluster,
      read: async (api) => {
        const { readCluster } = await import("../cluster/read_cluster.ts");
        const reading = await readCluster(api, { signal: system.signal });
        return { ...reading, server: api.server };
      },
    }),
  ]);
  system.signal.throwIfAborted();
  const state = cluster.known ? cluster.value.state : undefined;
  const nodes = nodeReports({
    hosts: inventory.known ? known?.hosts ?? [] : undefined,
    cluster: state,
    peers: tailnet.known ? tailnet.value.peers : undefined,
    now: system.clock.now(),
  });
  return {
    clusterName: known?.cluster.clusterName,
    server: cluster.known ? cluster.value.server : undefined,
    nodes,
    services: state && serviceReports(state),
    workloads: state ? workloadReports(state) : [],
    podsRunning: state?.pods &&
      [...state.pods.values()].filter(({ phase }) => phase === "Running").length,
    metrics: state?.metrics ?? { known: false, reason: "the cluster could not be asked" },
    gaps: [
      ...inventory.known ? [] : [`The inventory could not be read: ${inventory.error.message}`],
      ...tailnet.known ? [] : [`The tailnet could not be read: ${tailnet.error.message}`],
      ...cluster.known ? cluster.value.gaps : [],
    ],
    warnings: [
      ...nodes.flatMap(({ peer }) => (peer && keyWarning(peer, system.clock.now())) ?? []),
      ...foreignCluster(known, nodes),
    ],
    clusterError: cluster.known ? undefined : cluster.error,
  };
}

/** A context of the right name may still lead to another cluster. */
function foreignCluster(
  inventory: Inventory | undefined,
  nodes: readonly NodeReport[],
): readonly string[] {
  const inCluster = nodes.filter(({ node }) => node !== undefined);
  const shared = inCluster.some(({ host }) => host !== undefined);
  if (inventory === undefined || inventory.hosts.length === 0) return [];
  if (inCluster.length === 0 || shared) return [];
  return [
    "No node of this cluster is in the inventory: does the kubeconfig lead to another cluster? " +
    "Fetch the right one with: k3s-tool kubeconfig",
  ];
}
