/**
 * How the cluster stands: one look, taken in as a screen that stays open takes in its news.
 *
 * @module
 */

import type { System } from "../process/system.ts";
import { type LiveNews, type LiveState, NOTHING_HEARD, reduceLive } from "./live_state.ts";
import {
  type ClusterChoice,
  surveyCluster,
  surveyInventory,
  surveyTailnet,
} from "../actions/survey.ts";

/** What a person asks for. */
export interface StatusRequest {
  /** As given with `-i`; undefined: the nearest. */
  readonly inventory: string | undefined;
  readonly cluster: ClusterChoice;
  /** Nodes that are shown; none: all. */
  readonly names?: readonly string[];
}

/**
 * Looks at everything once. An unreachable cluster is a connection with a problem, what else cannot
 * be read a gap.
 *
 * @throws {UserError} exit code 2 where the inventory is named but not readable
 */
export async function readStatus(system: System, request: StatusRequest): Promise<LiveState> {
  const inventory = await surveyInventory(system, request.inventory);
  if (!inventory.known && request.inventory !== undefined) throw inventory.error;
  const [tailnet, cluster] = await Promise.all([
    surveyTailnet(system),
    surveyCluster<readonly LiveNews[]>(system, {
      inventory: inventory.known ? inventory.value : undefined,
      choice: request.cluster,
      read: async (api) => {
        const { readCluster } = await import("../cluster/read/read_cluster.ts");
        const { LIVE_COLLECTIONS } = await import("./live_collections.ts");
        return await readCluster(api, { signal: system.signal, sources: LIVE_COLLECTIONS });
      },
    }),
  ]);
  system.signal.throwIfAborted();
  return reduceLive(NOTHING_HEARD, [
    { type: "inventory", inventory },
    { type: "tailnet", tailnet },
    ...cluster.known ? cluster.value : [{
      type: "connection",
      connection: { state: "connecting", problem: cluster.error },
    }] as const,
  ]);
}
