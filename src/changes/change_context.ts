/**
 * What every change of the cluster is given.
 *
 * @module
 */

import { counted, plural } from "../errors/safe_text.ts";
import type { KubernetesApi } from "../cluster/api/kubernetes_api.ts";
import {
  type Attempt,
  objectError,
  objectPath,
  type ObjectReference,
} from "../cluster/api/requests.ts";
import type { Clock } from "../process/system.ts";

/** What a change is done with. */
export interface ChangeContext {
  readonly api: KubernetesApi;
  readonly clock: Clock;
  /** Aborted when the person wants no more of it. */
  readonly signal: AbortSignal;
}

/** An answer; a refusal is told in words. @throws {UserError} */
export async function answered<T>(
  { api }: ChangeContext,
  answer: Promise<T>,
  attempt: Omit<Attempt, "server">,
): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw objectError(error, { ...attempt, server: api.server });
  }
}

/** The requests about one object, which tell a refusal in words. @throws {UserError} */
export function requestsAbout(context: ChangeContext, object: ObjectReference) {
  const { api, signal } = context;
  const told = (answer: Promise<unknown>, verb: string, part?: string) =>
    answered(context, answer, { object, verb, part });
  const path = objectPath(object);
  return {
    read: () => told(api.get(path, { signal }), "get"),
    /** Merges into the object, or into a part of it (`scale`), as kubectl does. */
    patch: (body: unknown, part?: "scale") =>
      told(
        api.change({
          method: "PATCH",
          path: objectPath(object, part),
          patch: part === undefined ? "strategic-merge" : "merge",
          body,
          signal,
        }),
        "patch",
        part,
      ),
    delete: (body: unknown) => told(api.change({ method: "DELETE", path, body, signal }), "delete"),
  };
}

/** `1 pod`, `3 pods`. */
export function pods(count: number): string {
  return counted(count, "pod");
}

/** `1 of 3 pods is`, `2 of 3 pods are`. */
export function ofPods(count: number, total: number): string {
  return `${count} of ${pods(total)} ${plural(count, "is", "are")}`;
}
