/**
 * One look at a cluster: every list once.
 *
 * @module
 */

import { answerError } from "../api/api_errors.ts";
import type { CollectionName, WatchNews } from "../watch/cluster_state.ts";
import {
  COLLECTIONS,
  type CollectionSource,
  type CollectionSources,
  gapOf,
  isAbsent,
  sourceEntries,
} from "../watch/collections.ts";
import { type KubernetesApi, listAll } from "../api/kubernetes_api.ts";
import type { ClusterNode } from "./objects.ts";
import { readUsage } from "../usage/read_usage.ts";
import { WatchIntake } from "../watch/watch_intake.ts";

/**
 * Tells all that is shown of a cluster, as a watch begins.
 *
 * A collection that is refused is a gap; where the nodes are refused, or the server is out of
 * reach, nothing is left to show.
 *
 * @throws {UserError} exit code 4
 */
export async function readCluster(
  api: KubernetesApi,
  { signal, sources = COLLECTIONS }: {
    readonly signal: AbortSignal;
    /** What is read; default: the collections of Kubernetes itself. */
    readonly sources?: CollectionSources;
  },
): Promise<readonly WatchNews[]> {
  const own = new AbortController();
  const both = AbortSignal.any([signal, own.signal]);
  const news: WatchNews[] = [];
  const emit = (each: WatchNews) => void news.push(each);
  const list = (name: CollectionName, source: CollectionSource<unknown>) =>
    new WatchIntake(name, { source, emit }).list(api, { signal: both });
  const nodes = list("nodes", COLLECTIONS.nodes).then(
    ({ objects }) => objects as readonly ClusterNode[],
    (error) => {
      throw answerError(error, api.server);
    },
  );
  const others = sourceEntries(sources).filter(([name]) => name !== "nodes").map(
    async ([name, source]) => {
      try {
        await list(name, source);
      } catch (error) {
        if (isAbsent(source, error)) emit({ type: "absent", collection: name });
        else emit({ type: "gap", what: name, words: gapOf(name, error) });
      }
    },
  );
  const work = [nodes, readUsage(api, { nodes, emit, signal: both }), ...others];
  try {
    await Promise.all(work);
  } finally {
    own.abort(new DOMException("Nothing is left to show", "AbortError"));
    await Promise.allSettled(work);
  }
  return [
    { type: "server", server: api.server, version: undefined, insteadOf: api.insteadOf },
    { type: "connection", connection: { state: "live" } },
    ...news,
  ];
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
    throw answerError(error, api.server);
  }
}
