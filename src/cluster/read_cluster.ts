/**
 * One look at a cluster: every list once.
 *
 * @module
 */

import * as z from "zod";
import { apiRefusal, notKubernetes } from "./api_errors.ts";
import {
  type ClusterNews,
  type ClusterState,
  emptyCluster,
  type Metrics,
  reduceCluster,
} from "./cluster_state.ts";
import { COLLECTION_NAMES, COLLECTIONS, gapOf } from "./collections.ts";
import { ApiError, type KubernetesApi, listAll } from "./kubernetes_api.ts";
import type { ClusterNode } from "./objects.ts";
import { mergeUsage } from "./merge_usage.ts";
import { askMetricsServer } from "./metrics_api.ts";

/** A cluster, and what of it could not be read, in words. */
export interface ClusterReading {
  readonly state: ClusterState;
  readonly gaps: readonly string[];
}

/**
 * Reads all that is shown of a cluster.
 *
 * A collection that is refused is a gap; where the nodes are refused, or the server is out of
 * reach, nothing is left to show.
 *
 * @throws {UserError} exit code 4
 */
export async function readCluster(
  api: KubernetesApi,
  { signal }: { readonly signal: AbortSignal },
): Promise<ClusterReading> {
  const nodes = await readNodes(api, { signal });
  const gaps: string[] = [];
  const events: ClusterNews[] = [{ type: "listed", collection: "nodes", objects: nodes }];
  const others = COLLECTION_NAMES.filter((name) => name !== "nodes");
  const readings = others.map(async (collection) => {
    try {
      const { path, pick } = COLLECTIONS[collection];
      const objects = await listAll<unknown>(api, path, { pick, signal });
      events.push({ type: "listed", collection, objects } as ClusterNews);
    } catch (error) {
      gaps.push(gapOf(collection, error));
    }
  });
  const metrics = readMetrics(api, { signal }).then((metrics) =>
    void events.push({ type: "metrics", metrics })
  );
  await Promise.all([...readings, metrics]);
  return { state: events.reduce(reduceCluster, emptyCluster), gaps: gaps.sort() };
}

/**
 * The nodes alone, for who needs no more.
 *
 * @throws {UserError} exit code 4: out of reach, or refused
 */
export async function readNodes(
  api: KubernetesApi,
  { signal }: { readonly signal: AbortSignal },
): Promise<ClusterNode[]> {
  try {
    return await listAll(api, COLLECTIONS.nodes.path, { pick: COLLECTIONS.nodes.pick, signal });
  } catch (error) {
    if (error instanceof ApiError) throw apiRefusal(error, api.server);
    if (error instanceof z.ZodError) {
      throw notKubernetes(api.server, error);
    }
    throw error;
  }
}

/** What metrics-server measured, or why that is not known. */
export async function readMetrics(
  api: KubernetesApi,
  { signal }: { readonly signal: AbortSignal },
): Promise<Metrics> {
  return mergeUsage(await askMetricsServer(api, { signal }), new Map());
}
