/**
 * One look at how much of their CPU, memory and disk nodes use.
 *
 * @module
 */

import type { Emit, Metrics, Usage, VolumeUsage } from "../watch/cluster_state.ts";
import { ApiError, type KubernetesApi, listAll } from "../api/kubernetes_api.ts";
import type { ClusterNode } from "../read/objects.ts";
import * as z from "zod";
import { safeText } from "../../errors/safe_text.ts";
import { UserError } from "../../errors/user_error.ts";
import { parseQuantity } from "../../inventory/kubernetes_syntax.ts";

/** All kubelets together may take so long, in milliseconds: who waits wants to see the rest. */
const ANSWER_MS = 2_000;

/** Kubelets asked at once. */
const AT_ONCE = 8;

/** No more kubelets are asked: each sums up all of its containers for an answer. */
const MOST_KUBELETS = 100;

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
  emit({ type: "gap", what: "disks", words: `Disk usage is unknown: ${reason}` });
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

const NodeMetrics = z.object({
  metadata: z.object({ name: z.string() }),
  usage: z.object({ cpu: z.string(), memory: z.string() }),
});

/** Cores and bytes by the name of the node, or why they are not known. */
export type Measured =
  | { readonly known: true; readonly nodes: ReadonlyMap<string, Pick<Usage, "cpu" | "memory">> }
  | { readonly known: false; readonly reason: string };

/** Asks metrics-server (`metrics.k8s.io/v1beta1`). @throws the signal's reason */
export async function askMetricsServer(
  api: KubernetesApi,
  { signal }: { readonly signal: AbortSignal },
): Promise<Measured> {
  try {
    const pick = (value: unknown) => NodeMetrics.parse(value);
    const list = await listAll(api, "/apis/metrics.k8s.io/v1beta1/nodes", { pick, signal });
    if (list.length === 0) return { known: false, reason: "metrics-server is warming up" };
    return {
      known: true,
      nodes: new Map(list.flatMap(({ metadata, usage }) => {
        const [cpu, memory] = [parseQuantity(usage.cpu), parseQuantity(usage.memory)];
        const readable = cpu !== undefined && memory !== undefined;
        return readable ? [[safeText(metadata.name), { cpu, memory }] as const] : [];
      })),
    };
  } catch (error) {
    signal.throwIfAborted();
    return { known: false, reason: whyNot(error) };
  }
}

function whyNot(error: unknown): string {
  if (error instanceof ApiError) {
    if (error.status === 404) return "no metrics-server in the cluster";
    if (error.status === 403) return "not allowed to read metrics";
    if (error.status === 503) return "metrics-server is not ready";
    return `metrics-server answers ${error.status}`;
  }
  if (error instanceof UserError) return error.message;
  if (error instanceof z.ZodError) return "metrics cannot be parsed";
  throw error;
}

const amount = z.number().nonnegative().nullish();

// https://pkg.go.dev/k8s.io/kubelet/pkg/apis/stats/v1alpha1#Summary
const Summary = z.object({
  node: z.object({
    cpu: z.object({ usageNanoCores: amount }).nullish(),
    memory: z.object({ workingSetBytes: amount }).nullish(),
    fs: z.object({ usedBytes: amount, capacityBytes: amount }).nullish(),
  }),
  // What is not understood of them costs nothing else.
  pods: z.array(z.object({
    volume: z.array(z.object({
      usedBytes: amount,
      capacityBytes: amount,
      pvcRef: z.object({ namespace: z.string(), name: z.string() }).nullish(),
    })).nullish(),
  })).nullish().catch(undefined),
});

/** Use of a node, in cores and bytes. @throws {ApiError | UserError | z.ZodError} */
export async function askKubelet(
  api: KubernetesApi,
  node: string,
  { signal }: { readonly signal: AbortSignal },
): Promise<Usage> {
  const path = `/api/v1/nodes/${encodeURIComponent(node)}/proxy/stats/summary`;
  const { node: { cpu, memory, fs }, pods } = Summary.parse(await api.get(path, { signal }));
  // What it has not measured yet a kubelet calls 0 (Kubernetes 1.36: pkg/kubelet/stats/helper.go);
  // a node that runs it uses something of both.
  const nanoCores = cpu?.usageNanoCores || undefined;
  const used = fs?.usedBytes ?? undefined;
  const capacity = fs?.capacityBytes ?? 0;
  return {
    cpu: nanoCores === undefined ? undefined : nanoCores / 1e9,
    memory: memory?.workingSetBytes || undefined,
    disk: used === undefined || capacity === 0 ? undefined : { used, capacity },
    ...volumesOf(pods),
  };
}

/**
 * Volumes of claims. A kubelet measures a local volume by the file system that it is on (Kubernetes
 * 1.36: pkg/volume/local/local.go, NewMetricsStatFS), and says nothing of a hostPath.
 */
function volumesOf(pods: z.infer<typeof Summary>["pods"]): Pick<Usage, "volumes"> {
  const volumes = new Map<string, VolumeUsage>();
  for (
    const { usedBytes, capacityBytes, pvcRef } of pods?.flatMap(({ volume }) => volume ?? []) ?? []
  ) {
    if (!pvcRef || usedBytes === null || usedBytes === undefined || !capacityBytes) continue;
    const claim = safeText(`${pvcRef.namespace}/${pvcRef.name}`);
    volumes.set(claim, { claim, used: usedBytes, capacity: capacityBytes });
  }
  return volumes.size === 0 ? {} : { volumes: [...volumes.values()] };
}

/** Why a kubelet says nothing, in a few words. @throws what is no answer of a server */
export function whyNoSummary(error: unknown): string {
  if (error instanceof ApiError) {
    if (error.status === 403) return "not allowed to ask the kubelets (nodes/proxy)";
    return "the kubelets do not answer";
  }
  if (error instanceof UserError) return "the kubelets do not answer in time";
  if (error instanceof z.ZodError) return "the kubelets' answers cannot be parsed";
  throw error;
}

/** Metrics-server's word on CPU and memory, the kubelets' where it has none, and on disks. */
export function mergeUsage(
  measured: Measured,
  summaries: ReadonlyMap<string, Usage>,
): Metrics {
  const nodes = new Map<string, Usage>(summaries);
  if (measured.known) {
    for (const [name, { cpu, memory }] of measured.nodes) {
      nodes.set(name, { disk: undefined, ...summaries.get(name), cpu, memory });
    }
  } else if (summaries.size === 0) return { known: false, reason: measured.reason };
  return { known: true, nodes };
}
