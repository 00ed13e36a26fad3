/**
 * What a cluster says that an upgrade has to know.
 *
 * @module
 */

import * as z from "zod";
import { UPGRADE_MARK } from "../../changes/drain.ts";
import { ApiError, type KubernetesApi, listAll } from "../../cluster/api/kubernetes_api.ts";
import { collectionPath } from "../../cluster/api/requests.ts";
import { labels, list, text } from "../../cluster/read/object_fields.ts";
import { readNodeVolumes } from "../../cluster/read/read_volumes.ts";
import { safeText } from "../../errors/safe_text.ts";
import type { Inventory } from "../../inventory/model.ts";
import type { HeldPod, NodeState, UpgradeFacts } from "./upgrade_plan.ts";

const Node = z.object({
  metadata: z.object({ name: z.string(), annotations: labels }),
  spec: z.object({ unschedulable: z.boolean().nullish() }).nullish(),
  status: z.object({
    nodeInfo: z.object({ kubeletVersion: z.string(), architecture: text }).nullish(),
    conditions: list(z.object({ type: z.string(), status: z.string() })),
  }).nullish(),
});

type NodeObject = z.infer<typeof Node>;

const Pod = z.object({
  metadata: z.object({
    name: z.string(),
    namespace: z.string(),
    labels,
    annotations: labels,
    ownerReferences: list(
      z.object({ kind: z.string(), uid: text, controller: z.boolean().nullish() }),
    ),
  }),
  spec: z.object({
    nodeName: text,
    volumes: list(
      z.object({ persistentVolumeClaim: z.object({ claimName: z.string() }).nullish() }),
    ),
  }),
  status: z.object({ phase: text }).nullish(),
});

const Budget = z.object({
  metadata: z.object({ name: z.string(), namespace: z.string() }),
  spec: z.object({
    selector: z.object({
      matchLabels: labels,
      matchExpressions: list(
        z.object({ key: z.string(), operator: z.string(), values: list(z.string()) }),
      ),
    }).nullish(),
  }),
  status: z.object({ disruptionsAllowed: z.number().nullish() }).nullish(),
});

/** What is read of a cluster. */
interface Reading {
  readonly inventory: Inventory;
  readonly signal: AbortSignal;
  /** Tailscale addresses of machines that are offline. */
  readonly offline?: ReadonlySet<string>;
}

/** The nodes of the inventory's hosts, in its order; cheap enough to ask every second. @throws {ApiError | UserError} */
export async function readNodeStates(
  api: KubernetesApi,
  reading: Reading,
): Promise<readonly NodeState[]> {
  return statesOf(await readNodes(api, reading), reading);
}

function readNodes(api: KubernetesApi, { signal }: Reading): Promise<readonly NodeObject[]> {
  return listAll(api, collectionPath("Node"), { pick: (value) => Node.parse(value), signal });
}

function statesOf(
  nodes: readonly NodeObject[],
  { inventory, offline = new Set() }: Reading,
): readonly NodeState[] {
  return inventory.hosts.map(({ name: host, nodeName, role, tailscaleIp = "" }) => {
    const node = nodes.find(({ metadata }) => metadata.name === nodeName);
    return {
      host,
      node: nodeName,
      role,
      version: node && safeText(node.status?.nodeInfo?.kubeletVersion ?? ""),
      architecture: node?.status?.nodeInfo?.architecture ?? undefined,
      ready: node !== undefined && isReady(node),
      online: !offline.has(tailscaleIp),
      votes: node === undefined || condition(node, "EtcdIsVoter") !== "False",
      cordoned: node?.spec?.unschedulable ?? false,
      marked: node?.metadata.annotations?.[UPGRADE_MARK] !== undefined,
    };
  });
}

function condition(node: NodeObject, type: string): string | undefined {
  return node.status?.conditions?.find((each) => each.type === type)?.status;
}

function isReady(node: NodeObject): boolean {
  return condition(node, "Ready") === "True";
}

/** Reads nodes, pods, budgets, volumes and the metric of deprecated APIs. @throws {ApiError | UserError} */
export async function readUpgradeFacts(
  api: KubernetesApi,
  reading: Reading,
): Promise<UpgradeFacts> {
  const { signal } = reading;
  const [nodes, pods, budgets, volumes, deprecated] = await Promise.all([
    readNodes(api, reading),
    listAll(api, collectionPath("Pod"), { pick: (value) => Pod.parse(value), signal }),
    listAll(api, "/apis/policy/v1/poddisruptionbudgets", {
      pick: (value) => Budget.parse(value),
      signal,
    }),
    readNodeVolumes(api, { signal }),
    readDeprecated(api, signal),
  ]);
  const siblings = Map.groupBy(pods, ownerOf);
  const local = new Set(volumes.map(({ claim }) => claim));
  const heldBy = (pod: z.infer<typeof Pod>): HeldPod[] => {
    const { namespace, name } = pod.metadata;
    const budget = budgets.find((each) =>
      each.metadata.namespace === namespace && matches(each, pod.metadata.labels ?? {})
    );
    const claims =
      pod.spec.volumes?.flatMap(({ persistentVolumeClaim }) =>
        persistentVolumeClaim ? [`${namespace}/${persistentVolumeClaim.claimName}`] : []
      ) ?? [];
    const owner = ownerOf(pod);
    const reasons = [
      ...budget !== undefined && (budget.status?.disruptionsAllowed ?? 0) === 0
        ? [`its budget ${budget.metadata.name} allows no disruption now`]
        : [],
      ...claims.some((claim) => local.has(claim))
        ? ["its volume is on this node: it is unavailable until the node is back"]
        : owner === undefined
        ? ["no controller recreates it"]
        : siblings.get(owner)?.length === 1
        ? ["single replica: it is unavailable while it moves"]
        : [],
    ];
    return reasons.map((why) => ({
      pod: safeText(`${namespace}/${name}`),
      why: safeText(why),
    }));
  };
  return {
    nodes: statesOf(nodes, reading).map((state) => {
      const leaving = pods.filter((pod) => pod.spec.nodeName === state.node && leaves(pod));
      return { ...state, pods: leaving.length, held: leaving.flatMap(heldBy) };
    }),
    takers: nodes.filter((node) => isReady(node) && !node.spec?.unschedulable)
      .map(({ metadata }) => metadata.name),
    deprecated,
  };
}

function ownerOf({ metadata }: z.infer<typeof Pod>): string | undefined {
  return metadata.ownerReferences?.find(({ controller }) => controller)?.uid ?? undefined;
}

function leaves({ metadata, status }: z.infer<typeof Pod>): boolean {
  const daemon = metadata.ownerReferences?.some(({ kind, controller }) =>
    controller && kind === "DaemonSet"
  );
  const ended = status?.phase === "Succeeded" || status?.phase === "Failed";
  return !daemon && !ended && metadata.annotations?.["kubernetes.io/config.mirror"] === undefined;
}

/** Whether a budget is about a pod with these labels (apimachinery `labels.Selector`). */
function matches(
  { spec: { selector } }: z.infer<typeof Budget>,
  of: Readonly<Record<string, string>>,
): boolean {
  if (!selector) return false;
  return Object.entries(selector.matchLabels ?? {}).every(([key, value]) => of[key] === value) &&
    (selector.matchExpressions ?? []).every(({ key, operator, values }) => {
      const has = of[key] !== undefined && (values ?? []).includes(of[key]);
      if (operator === "In") return has;
      if (operator === "NotIn") return !has;
      return operator === "Exists" ? of[key] !== undefined : of[key] === undefined;
    });
}

/** The metric of the API server that is asked (apiserver `pkg/endpoints/metrics/metrics.go`); it counts since its start. */
const DEPRECATED = /^apiserver_requested_deprecated_apis\{([^}]*)\} [^0]/;

async function readDeprecated(
  api: KubernetesApi,
  signal: AbortSignal,
): Promise<UpgradeFacts["deprecated"]> {
  const found = new Map<string, number>();
  try {
    for await (const line of api.lines("/metrics", { signal })) {
      const [, fields = ""] = DEPRECATED.exec(line) ?? [];
      if (fields === "") continue;
      const of = Object.fromEntries(
        [...fields.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, value]) => [key, value ?? ""]),
      );
      const removedIn = Number(/^1\.(\d+)$/.exec(of.removed_release ?? "")?.[1] ?? NaN);
      const name = `${of.resource} of ${of.group ? `${of.group}/` : ""}${of.version}`;
      if (!Number.isNaN(removedIn)) found.set(safeText(name), removedIn);
    }
  } catch (error) {
    // Who may not read metrics may upgrade nevertheless.
    if (!(error instanceof ApiError)) throw error;
  }
  return [...found].map(([name, removedIn]) => ({ api: name, removedIn }));
}
