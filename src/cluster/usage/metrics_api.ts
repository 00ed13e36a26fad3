/**
 * CPU and memory as metrics-server measured them.
 *
 * @module
 */

import * as z from "zod";
import { safeText } from "../../errors/safe_text.ts";
import { UserError } from "../../errors/user_error.ts";
import { ApiError, type KubernetesApi, listAll } from "../api/kubernetes_api.ts";
import { parseQuantity } from "../../inventory/quantity.ts";

const NodeMetrics = z.object({
  metadata: z.object({ name: z.string() }),
  usage: z.object({ cpu: z.string(), memory: z.string() }),
});

/** What a node uses, in cores and bytes. */
export interface Use {
  readonly cpu: number;
  readonly memory: number;
}

/** Use by the name of the node, or why it is not known. */
export type Measured =
  | { readonly known: true; readonly nodes: ReadonlyMap<string, Use> }
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
  if (error instanceof z.ZodError) return "metrics are not understood";
  throw error;
}
