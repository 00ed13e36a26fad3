/**
 * What Flux has in a cluster.
 *
 * @module
 */

import * as z from "zod";
import { answerError } from "../../cluster/api/api_errors.ts";
import { ApiError, type KubernetesApi, listAll } from "../../cluster/api/kubernetes_api.ts";
import { safeText } from "../../errors/safe_text.ts";
import { missingError } from "../../errors/user_error.ts";
import {
  FLUX_KINDS,
  type FluxKind,
  type FluxObject,
  fluxPath,
  readFluxObject,
} from "../../gitops/flux/flux_status.ts";
import { byNamespaceAndName } from "../../reports/by_name.ts";

/** All objects of Flux. */
export interface FluxReading {
  /** Sources first, then what is applied, each by namespace and name. */
  readonly objects: readonly FluxObject[];
  /** What could not be read, in words. */
  readonly gaps: readonly string[];
}

/**
 * Reads all sources, Kustomizations and HelmReleases; undefined where Flux is not installed.
 *
 * @throws {UserError} exit code 4: out of reach, or refused
 */
export async function readFlux(
  api: KubernetesApi,
  { signal }: { readonly signal: AbortSignal },
): Promise<FluxReading | undefined> {
  const gaps: string[] = [];
  const read = async (kind: FluxKind): Promise<FluxObject[] | undefined> => {
    try {
      const pick = (value: unknown) => readFluxObject(kind, value);
      return await listAll(api, fluxPath(kind), { pick, signal });
    } catch (error) {
      // Nothing serves this kind: that part of Flux is not installed.
      if (error instanceof ApiError && error.status === 404) return undefined;
      if (isEssential(kind)) throw answerError(error, api.server);
      if (error instanceof ApiError || error instanceof z.ZodError) {
        const why = error instanceof ApiError ? safeText(error.message) : "they cannot be parsed";
        gaps.push(`${kind} objects could not be read: ${why}.`);
        return [];
      }
      throw error;
    }
  };
  const lists = await Promise.all(FLUX_KINDS.map(read));
  const installed = FLUX_KINDS.some((kind, index) =>
    isEssential(kind) && lists[index] !== undefined
  );
  if (!installed) return undefined;
  return {
    objects: lists.flatMap((list) => (list ?? []).sort(byNamespaceAndName)),
    gaps: gaps.sort(),
  };
}

/** What is missing where there is no Flux, and how to get it: exit code 3. */
export function notInstalledError() {
  return missingError("Flux is not installed in this cluster", {
    hint:
      "Set a repository and apply it: k3s-tool config set git_repo_url URL, then: k3s-tool provision",
  });
}

/** Without these there is nothing to show. */
function isEssential(kind: FluxKind): boolean {
  return kind === "GitRepository" || kind === "Kustomization";
}
