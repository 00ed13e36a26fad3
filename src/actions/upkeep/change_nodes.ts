/**
 * Keeps pods away from nodes (cordon), empties nodes (drain), reboots them, and lets pods come again.
 *
 * @module
 */

import { performChange } from "../../changes/perform_change.ts";
import type { ChangeContext } from "../../changes/change_context.ts";
import { drainPlan } from "../../changes/drain.ts";
import { type KubernetesApi, listAll } from "../../cluster/api/kubernetes_api.ts";
import { collectionPath } from "../../cluster/api/requests.ts";
import { didYouMean } from "../../errors/nearest.ts";
import { safeText } from "../../errors/safe_text.ts";
import { usageError, UserError } from "../../errors/user_error.ts";
import { hostNamed, type Inventory, type InventoryHost } from "../../inventory/model.ts";
import type { System } from "../../process/system.ts";
import * as z from "zod";
import { type ClusterChoice, inventoryFor, surveyCluster } from "../survey.ts";
import { rebootNode } from "./reboot_node.ts";

/** What a person asks for. */
export interface NodesRequest {
  readonly inventory: string | undefined;
  readonly cluster: ClusterChoice;
  readonly change: "cordon" | "uncordon" | "drain" | "reboot";
  /** Names of nodes, or of hosts of the inventory. */
  readonly names: readonly string[];
  /** Says what would happen and changes nothing. */
  readonly dryRun: boolean;
  /** How long pods may take to leave, in milliseconds. */
  readonly limitMs: number;
  /** Asked once the names are known to be right; throws where the person does not agree. */
  readonly agree?: (nodes: readonly string[]) => Promise<void>;
}

/** What became of a node. */
export interface NodeOutcome {
  readonly node: string;
  /** `done`, or with `dryRun` what would be; the nodes after one that failed are skipped. */
  readonly status: "done" | "failed" | "skipped";
  /** Why it failed. */
  readonly error?: UserError;
}

/**
 * Changes nodes one after the other. The first that fails ends it: the next would have to take its
 * pods, too.
 *
 * @param tell hears each sentence about a node as soon as it is known
 * @throws {UserError} exit code 2 where there is no such node, before anything is changed; as
 *   `surveyCluster` where the cluster cannot be reached
 */
export async function changeNodes(
  system: System,
  request: NodesRequest,
  tell: (node: string, sentence: string) => void,
): Promise<readonly NodeOutcome[]> {
  const inventory = await inventoryFor(system, request.inventory);
  const reading = await surveyCluster(system, {
    inventory,
    choice: request.cluster,
    read: async (api) => {
      const nodes = await resolve(api, { ...request, inventory, signal: system.signal });
      if (request.change === "reboot") nodes.forEach((node) => rebootable(inventory, node));
      if (!request.dryRun) await request.agree?.(nodes);
      const outcomes: NodeOutcome[] = [];
      for (const node of nodes) {
        const before = outcomes.at(-1)?.status ?? "done";
        if (before !== "done" || system.signal.aborted) {
          outcomes.push({ node, status: "skipped" });
        } else outcomes.push(await changeNode(api, system, { ...request, inventory, node, tell }));
      }
      return outcomes;
    },
  });
  if (!reading.known) throw reading.error;
  return reading.value;
}

async function changeNode(
  api: KubernetesApi,
  system: System,
  { node, inventory, change, dryRun, limitMs, tell }: Omit<NodesRequest, "inventory"> & {
    readonly node: string;
    readonly inventory: Inventory | undefined;
    readonly tell: (node: string, sentence: string) => void;
  },
): Promise<NodeOutcome> {
  const { clock, signal } = system;
  const context = { api, clock, signal, limitMs };
  const sentences = dryRun
    ? planned(context, node, change)
    : change === "reboot"
    ? rebootNode(context, system, rebootable(inventory, node))
    : performChange(api, { type: change, node }, context);
  try {
    for await (const sentence of sentences) tell(node, sentence);
    return { node, status: signal.aborted ? "failed" : "done" };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { node, status: "failed", error };
  }
}

/** What a node would be after a change; of a drain the plan says it. */
const DONE = { cordon: "cordoned", uncordon: "uncordoned", reboot: "rebooted" } as const;

async function* planned(
  context: ChangeContext,
  node: string,
  change: NodesRequest["change"],
): AsyncGenerator<string, void> {
  if (change === "drain" || change === "reboot") yield* drainPlan(context, node);
  if (change !== "drain") yield `${safeText(node)} would be ${DONE[change]}.`;
}

/** The host of a node. @throws {UserError} exit code 2 where the inventory has none */
function rebootable(inventory: Inventory | undefined, node: string): InventoryHost {
  const host = inventory?.hosts.find(({ nodeName }) => nodeName === node);
  if (host !== undefined) return host;
  if (inventory !== undefined) return hostNamed(inventory, node);
  throw usageError(`k3s-tool needs an inventory to log in to ${safeText(node)}`, {
    hint: "Specify it with -i, or run the command in its directory.",
  });
}

const NodeName = z.object({ metadata: z.object({ name: z.string() }) });

/** The nodes that are meant, each once. @throws {UserError} naming all that do not exist */
async function resolve(
  api: KubernetesApi,
  { names, inventory, signal }: {
    readonly names: readonly string[];
    readonly inventory: Inventory | undefined;
    readonly signal: AbortSignal;
  },
): Promise<readonly string[]> {
  const pick = (value: unknown) => NodeName.parse(value).metadata.name;
  const nodes = await listAll(api, collectionPath("Node"), { pick, signal });
  const nodeOf = (name: string) =>
    nodes.includes(name) ? name : inventory?.hosts.find((host) => host.name === name)?.nodeName;
  const meant = names.map((name) => [name, nodeOf(name) ?? name] as const);
  const [unknown] = meant.filter(([, node]) => !nodes.includes(node)).map(([name]) => name);
  if (unknown !== undefined) {
    throw usageError(`The cluster has no node ${safeText(unknown)}`, {
      hint: didYouMean(unknown, nodes, `Its nodes: ${nodes.map(safeText).join(", ")}.`),
    });
  }
  return [...new Set(meant.map(([, node]) => node))];
}
