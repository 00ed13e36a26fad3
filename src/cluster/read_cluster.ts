/**
 * One look at a cluster: every list once.
 *
 * @module
 */

import * as z from "zod";
import { safeText } from "../errors/safe_text.ts";
import { unreachableError, UserError } from "../errors/user_error.ts";
import { apiRefusal } from "./api_errors.ts";
import {
  type ClusterNews,
  type ClusterState,
  type CollectionName,
  emptyCluster,
  type Metrics,
  reduceCluster,
} from "./cluster_state.ts";
import { ApiError, type KubernetesApi, listAll } from "./kubernetes_api.ts";
import type { ClusterNode } from "./objects.ts";
import { readEvent, readNode, readPod, readService, readWorkload } from "./read_objects.ts";
import { parseQuantity } from "./quantity.ts";

/** Where each collection lies, and how an object of it is read. */
const SOURCES = {
  nodes: { path: "/api/v1/nodes", pick: readNode },
  pods: { path: "/api/v1/pods", pick: readPod },
  services: { path: "/api/v1/services", pick: readService },
  deployments: {
    path: "/apis/apps/v1/deployments",
    pick: (value: unknown) => readWorkload("Deployment", value),
  },
  statefulSets: {
    path: "/apis/apps/v1/statefulsets",
    pick: (value: unknown) => readWorkload("StatefulSet", value),
  },
  daemonSets: {
    path: "/apis/apps/v1/daemonsets",
    pick: (value: unknown) => readWorkload("DaemonSet", value),
  },
  jobs: { path: "/apis/batch/v1/jobs", pick: (value: unknown) => readWorkload("Job", value) },
  cronJobs: {
    path: "/apis/batch/v1/cronjobs",
    pick: (value: unknown) => readWorkload("CronJob", value),
  },
  events: { path: "/api/v1/events", pick: readEvent },
} as const satisfies Record<CollectionName, { path: string; pick: (value: unknown) => unknown }>;

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
  const others = (Object.keys(SOURCES) as CollectionName[]).filter((name) => name !== "nodes");
  const readings = others.map(async (collection) => {
    try {
      const { path, pick } = SOURCES[collection];
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
    return await listAll(api, SOURCES.nodes.path, { pick: SOURCES.nodes.pick, signal });
  } catch (error) {
    if (error instanceof ApiError) throw apiRefusal(error, api.server);
    if (error instanceof z.ZodError) {
      throw unreachableError(`${api.server} does not answer like a Kubernetes API server`, {
        hint: "Look at the server of the context with: kubectl config view",
        cause: error,
      });
    }
    throw error;
  }
}

const NodeMetrics = z.object({
  metadata: z.object({ name: z.string() }),
  usage: z.object({ cpu: z.string(), memory: z.string() }),
});

/** What metrics-server measured, or why that is not known. */
export async function readMetrics(
  api: KubernetesApi,
  { signal }: { readonly signal: AbortSignal },
): Promise<Metrics> {
  try {
    const pick = (value: unknown) => NodeMetrics.parse(value);
    const list = await listAll(api, "/apis/metrics.k8s.io/v1beta1/nodes", { pick, signal });
    if (list.length === 0) return { known: false, reason: "metrics-server is warming up" };
    const nodes = new Map(list.flatMap(({ metadata, usage }) => {
      const [cpu, memory] = [parseQuantity(usage.cpu), parseQuantity(usage.memory)];
      return cpu === undefined || memory === undefined
        ? []
        : [[metadata.name, { cpu, memory, disk: undefined }] as const];
    }));
    return { known: true, nodes };
  } catch (error) {
    signal.throwIfAborted();
    return { known: false, reason: whyNoMetrics(error) };
  }
}

function whyNoMetrics(error: unknown): string {
  if (error instanceof ApiError) {
    if (error.status === 404) return "no metrics-server in the cluster";
    if (error.status === 403) return "not allowed to read metrics";
    if (error.status === 503) return "metrics-server is not ready";
    return `metrics-server answers ${error.status}`;
  }
  if (error instanceof UserError) return error.message;
  if (error instanceof z.ZodError) return "metrics are not understood";
  throw error;
}

function gapOf(collection: CollectionName, error: unknown): string {
  const words = collection.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  if (error instanceof ApiError && error.status === 403) return `not allowed to list ${words}`;
  if (error instanceof ApiError || error instanceof UserError) {
    return `${words} could not be listed: ${safeText(error.message)}`;
  }
  if (error instanceof z.ZodError) return `${words} are not understood`;
  throw error;
}
