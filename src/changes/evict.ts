/**
 * Asks for one pod to leave its node.
 *
 * @module
 */

import { ApiError } from "../cluster/api/kubernetes_api.ts";
import { objectError } from "../cluster/api/object_errors.ts";
import { objectPath } from "../cluster/api/object_path.ts";
import { safeText } from "../errors/safe_text.ts";
import type { ChangeContext } from "./change_context.ts";
import type { PodOfNode } from "./pods_of_node.ts";

/** What became of the request. */
export type Eviction =
  /** It ends, or is gone already. */
  | { readonly kind: "taken" }
  /** A disruption budget or a busy server says: not now. */
  | { readonly kind: "later"; readonly words: string }
  | { readonly kind: "refused"; readonly words: string };

/**
 * Evicts a pod (policy/v1, since Kubernetes 1.22), which heeds disruption budgets.
 *
 * @throws {UserError} where evictions are not allowed at all, or the server is out of reach
 */
export async function evict(
  { api, signal }: ChangeContext,
  { namespace, name, uid }: PodOfNode,
): Promise<Eviction> {
  const object = { kind: "Pod", namespace, name } as const;
  try {
    await api.change({
      method: "POST",
      path: objectPath(object, "eviction"),
      body: {
        apiVersion: "policy/v1",
        kind: "Eviction",
        metadata: { namespace, name },
        // A pod of the same name that took its place meanwhile is not meant.
        deleteOptions: { preconditions: { uid } },
      },
      signal,
    });
    return { kind: "taken" };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const words = safeText(error.message).replace(/\.$/, "");
    // 404 and 409: it is gone, or another one by now.
    if (error.status === 404 || error.status === 409) return { kind: "taken" };
    if (error.status === 429) return { kind: "later", words };
    // Evictions in a namespace that is being deleted are refused until its pods are marked.
    if (error.status === 403 && /is being terminated/.test(words)) return { kind: "later", words };
    if (error.status === 401 || error.status === 403) {
      throw objectError(error, { object, verb: "create", part: "eviction", server: api.server });
    }
    return { kind: "refused", words };
  }
}
