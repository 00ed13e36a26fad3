/**
 * One look at how much of their CPU, memory and disk nodes use.
 *
 * @module
 */

import type { Usage } from "../watch/cluster_state.ts";
import { askKubelet, askMetricsServer, mergeUsage, whyNoSummary } from "./measured.ts";
import type { KubernetesApi } from "../api/kubernetes_api.ts";
import type { ClusterNode } from "../read/objects.ts";
import type { Emit } from "../watch/watch_news.ts";

/** All kubelets together may take so long, in milliseconds: who waits wants to see the rest. */
const ANSWER_MS = 2_000;

/** Kubelets asked at once. */
const AT_ONCE = 8;

/** No more kubelets are asked: each sums up all of its containers for an answer. */
export const MOST_KUBELETS = 100;

/** Names of the nodes whose kubelets are worth asking: those that answer. */
export function kubeletsToAsk(nodes: readonly ClusterNode[]): readonly string[] {
  return nodes.filter(({ conditions }) =>
    conditions.some(({ type, status }) => type === "Ready" && status === "True")
  ).slice(0, MOST_KUBELETS).map(({ name }) => name);
}

/**
 * Tells what metrics-server measured and what kubelets say; unknown is what does not answer in time.
 *
 * @param options.nodes settles as soon as they are known
 * @param options.answerMs how long all kubelets together may take, in milliseconds
 * @throws the signal's reason, or what `nodes` does
 */
export async function readUsage(
  api: KubernetesApi,
  { nodes, emit, signal, answerMs = ANSWER_MS }: {
    readonly nodes: Promise<readonly ClusterNode[]>;
    readonly emit: Emit;
    readonly signal: AbortSignal;
    readonly answerMs?: number;
  },
): Promise<void> {
  const [measured, { usage, reason }] = await Promise.all([
    askMetricsServer(api, { signal }),
    nodes.then((known) => askKubelets(api, kubeletsToAsk(known), { signal, answerMs })),
  ]);
  emit({ type: "metrics", metrics: mergeUsage(measured, usage) });
  if (usage.size > 0 || reason === undefined) return;
  emit({ type: "gap", what: "disks", words: `Use of disks is not known: ${reason}` });
}

async function askKubelets(
  api: KubernetesApi,
  names: readonly string[],
  { signal, answerMs }: { readonly signal: AbortSignal; readonly answerMs: number },
): Promise<{ readonly usage: ReadonlyMap<string, Usage>; readonly reason: string | undefined }> {
  const usage = new Map<string, Usage>();
  const limit = AbortSignal.timeout(answerMs);
  const both = AbortSignal.any([signal, limit]);
  let reason: string | undefined;
  const next = names.values();
  const work = async () => {
    for (const name of next) {
      if (limit.aborted) return;
      try {
        usage.set(name, await askKubelet(api, name, { signal: both }));
      } catch (error) {
        signal.throwIfAborted();
        reason ??= limit.aborted ? "the kubelets do not answer in time" : whyNoSummary(error);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return { usage, reason };
}
