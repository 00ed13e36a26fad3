/**
 * What a kubelet measures of its node, through the API server's proxy.
 *
 * @module
 */

import * as z from "zod";
import type { Usage } from "../watch/cluster_state.ts";
import { ApiError, type KubernetesApi } from "../api/kubernetes_api.ts";
import { UserError } from "../../errors/user_error.ts";

const amount = z.number().nonnegative().nullish();

// https://pkg.go.dev/k8s.io/kubelet/pkg/apis/stats/v1alpha1#Summary
const Summary = z.object({
  node: z.object({
    cpu: z.object({ usageNanoCores: amount }).nullish(),
    memory: z.object({ workingSetBytes: amount }).nullish(),
    fs: z.object({ usedBytes: amount, capacityBytes: amount }).nullish(),
  }),
});

/** Use of a node, in cores and bytes. @throws {ApiError | UserError | z.ZodError} */
export async function askKubelet(
  api: KubernetesApi,
  node: string,
  { signal }: { readonly signal: AbortSignal },
): Promise<Usage> {
  const path = `/api/v1/nodes/${encodeURIComponent(node)}/proxy/stats/summary`;
  const { cpu, memory, fs } = Summary.parse(await api.get(path, { signal })).node;
  // What it has not measured yet a kubelet calls 0 (Kubernetes 1.36: pkg/kubelet/stats/helper.go);
  // a node that runs it uses something of both.
  const nanoCores = cpu?.usageNanoCores || undefined;
  const used = fs?.usedBytes ?? undefined;
  const capacity = fs?.capacityBytes ?? 0;
  return {
    cpu: nanoCores === undefined ? undefined : nanoCores / 1e9,
    memory: memory?.workingSetBytes || undefined,
    disk: used === undefined || capacity === 0 ? undefined : { used, capacity },
  };
}

/** Why a kubelet says nothing, in a few words. @throws what is no answer of a server */
export function whyNoSummary(error: unknown): string {
  if (error instanceof ApiError) {
    if (error.status === 403) return "not allowed to ask the kubelets (nodes/proxy)";
    return "the kubelets do not answer";
  }
  if (error instanceof UserError) return "the kubelets do not answer in time";
  if (error instanceof z.ZodError) return "the kubelets' answers are not understood";
  throw error;
}
