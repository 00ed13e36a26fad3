/**
 * One object with everything in it.
 *
 * @module
 */

import * as z from "zod";
import { notKubernetes } from "../api/api_errors.ts";
import type { KubernetesApi } from "../api/kubernetes_api.ts";
import { objectError, objectPath, type ObjectReference } from "../api/requests.ts";

const AnyObject = z.looseObject({ metadata: z.looseObject({}) });

/**
 * An object as the API server has it, but for `managedFields`. Not harmless for a terminal.
 *
 * @throws {UserError} where it is gone (exit code 1), refused or out of reach (4)
 */
export async function readObject(
  api: KubernetesApi,
  object: ObjectReference,
  { signal }: { readonly signal: AbortSignal },
): Promise<Readonly<Record<string, unknown>>> {
  const path = objectPath(object);
  let answer: unknown;
  try {
    answer = await api.get(path, { signal });
  } catch (error) {
    throw objectError(error, { object, verb: "get", server: api.server });
  }
  const parsed = AnyObject.safeParse(answer);
  if (!parsed.success) {
    throw notKubernetes(`${api.server} does not answer ${path} with an object`, parsed.error);
  }
  const { managedFields: _, ...metadata } = parsed.data.metadata;
  return { ...parsed.data, metadata };
}
