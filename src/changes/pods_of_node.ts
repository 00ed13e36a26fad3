/**
 * Which pods leave a node that is drained, and which stay: the rules of `kubectl drain`
 * (kubectl 1.36, `pkg/drain/filters.go`).
 *
 * @module
 */

import * as z from "zod";
import { listAll } from "../cluster/api/kubernetes_api.ts";
import { safeText } from "../errors/safe_text.ts";
import { ask, type ChangeContext } from "./change_context.ts";

/** The kubelet's own pods, from files on the node; the API only shows them. */
const MIRROR = "kubernetes.io/config.mirror";

const Pod = z.object({
  metadata: z.object({
    uid: z.string(),
    name: z.string(),
    namespace: z.string(),
    annotations: z.record(z.string(), z.string()).nullish(),
    ownerReferences: z.array(z.object({ kind: z.string(), controller: z.boolean().nullish() }))
      .nullish(),
  }),
  spec: z.object({
    volumes: z.array(z.object({ emptyDir: z.unknown().optional() })).nullish(),
  }),
  status: z.object({ phase: z.string().nullish() }).nullish(),
});

/** A pod on a node. */
export interface PodOfNode {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  /** Why it stays; undefined where it leaves. */
  readonly stays: "static" | "DaemonSet" | "ended" | undefined;
  /** Has files that are lost when it leaves (emptyDir). */
  readonly hasLocalFiles: boolean;
  /** Nothing makes it anew elsewhere. */
  readonly unmanaged: boolean;
}

/** Every pod that is bound to a node. @throws {UserError} where they are refused */
export async function podsOfNode(
  context: ChangeContext,
  node: string,
): Promise<readonly PodOfNode[]> {
  const { api, signal } = context;
  const fieldSelector = `spec.nodeName=${node}`;
  return await ask(
    context,
    () => listAll(api, "/api/v1/pods", { pick, signal, fieldSelector }),
    { object: { kind: "Pod", namespace: "", name: `on ${node}` }, verb: "list" },
  );
}

function pick(value: unknown): PodOfNode {
  const { metadata, spec, status } = Pod.parse(value);
  const owner = metadata.ownerReferences?.find(({ controller }) => controller);
  const ended = status?.phase === "Succeeded" || status?.phase === "Failed";
  return {
    uid: metadata.uid,
    namespace: metadata.namespace,
    name: metadata.name,
    stays: metadata.annotations?.[MIRROR] !== undefined
      ? "static"
      : ended
      ? "ended"
      : owner?.kind === "DaemonSet"
      ? "DaemonSet"
      : undefined,
    hasLocalFiles: spec.volumes?.some(({ emptyDir }) => emptyDir !== undefined) ?? false,
    unmanaged: owner === undefined,
  };
}

/** `default/web-1`, harmless for a terminal. */
export function podWords({ namespace, name }: Pick<PodOfNode, "namespace" | "name">): string {
  return safeText(`${namespace}/${name}`);
}
