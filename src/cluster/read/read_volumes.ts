/**
 * Persistent volumes, and the nodes that they are on.
 *
 * @module
 */

import * as z from "zod";
import { type KubernetesApi, listAll } from "../api/kubernetes_api.ts";
import { amount, amounts, line, list, text } from "./object_fields.ts";

/** A volume of one node. */
export interface NodeVolume {
  readonly uid: string;
  readonly name: string;
  /** Name of its node; empty where it is not bound to one. */
  readonly node: string;
  /** Storage class; empty where it has none. */
  readonly class: string;
  /** `namespace/name` of its claim; empty where it has none. */
  readonly claim: string;
  /** Bytes that were asked for; a directory may hold more. */
  readonly size: number | undefined;
  readonly path: string;
  /** `Bound`, `Released` … */
  readonly phase: string;
}

const Source = z.object({ path: text }).nullish();

const Volume = z.object({
  metadata: z.object({ name: z.string(), uid: text }),
  spec: z.object({
    storageClassName: text,
    capacity: amounts,
    claimRef: z.object({ namespace: text, name: text }).nullish(),
    local: Source,
    hostPath: Source,
    nodeAffinity: z.object({
      required: z.object({
        nodeSelectorTerms: list(z.object({
          matchExpressions: list(z.object({ key: text, values: list(z.string()) })),
        })),
      }).nullish(),
    }).nullish(),
  }),
  status: z.object({ phase: text }).nullish(),
});

/** Volumes that are bound to one node: directories on its disks. @throws {ApiError | UserError | z.ZodError} */
export async function readNodeVolumes(
  api: KubernetesApi,
  { signal }: { readonly signal: AbortSignal },
): Promise<readonly NodeVolume[]> {
  const found = await listAll(api, VOLUMES, { pick: readVolume, signal });
  return found.filter(({ node, path }) => node !== "" && path !== "");
}

/** Where they are listed. */
export const VOLUMES = "/api/v1/persistentvolumes";

/** @throws {z.ZodError} */
export function readVolume(object: unknown): NodeVolume {
  const { metadata, spec, status } = Volume.parse(object);
  const path = line(spec.local?.path ?? spec.hostPath?.path);
  const rules = spec.nodeAffinity?.required?.nodeSelectorTerms
    ?.flatMap(({ matchExpressions }) => matchExpressions ?? []);
  const node = rules?.find(({ key }) => key === "kubernetes.io/hostname")?.values?.[0];
  const { claimRef } = spec;
  return {
    uid: metadata.uid ?? metadata.name,
    name: line(metadata.name),
    node: line(node),
    class: line(spec.storageClassName),
    claim: claimRef ? line(`${claimRef.namespace ?? ""}/${claimRef.name ?? ""}`) : "",
    size: amount(spec.capacity, "storage"),
    path,
    phase: line(status?.phase),
  };
}
