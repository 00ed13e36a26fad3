/**
 * What every change of the cluster is given.
 *
 * @module
 */

import { counted, plural } from "../errors/safe_text.ts";
import type { KubernetesApi } from "../cluster/api/kubernetes_api.ts";
import { type Attempt, objectError } from "../cluster/api/object_errors.ts";
import type { Clock } from "../process/system.ts";

/** What a change is done with. */
export interface ChangeContext {
  readonly api: KubernetesApi;
  readonly clock: Clock;
  /** Aborted when the person wants no more of it. */
  readonly signal: AbortSignal;
}

/** Asks, and tells a refusal in words. @throws {UserError} */
export async function ask<T>(
  { api }: ChangeContext,
  request: () => Promise<T>,
  attempt: Omit<Attempt, "server">,
): Promise<T> {
  try {
    return await request();
  } catch (error) {
    throw objectError(error, { ...attempt, server: api.server });
  }
}

/** `1 pod`, `3 pods`. */
export function pods(count: number): string {
  return counted(count, "pod");
}

/** `1 of 3 pods is`, `2 of 3 pods are`. */
export function ofPods(count: number, total: number): string {
  return `${count} of ${pods(total)} ${plural(count, "is", "are")}`;
}
