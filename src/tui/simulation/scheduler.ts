/**
 * Finds a node for each pod that has none.
 *
 * @module
 */

import { type App, appOf, APPS } from "./apps.ts";
import { machine } from "./machines.ts";
import { changePod, type Draft, podAbout, say, type SimNode, type SimState } from "./model.ts";
import { placePod } from "./pods.ts";

/** How often it is said that a pod finds no node, in milliseconds. */
const SAY_MS = 20_000;

/** What is left of a node for pods: what the kubelet calls allocatable. Cores and MiB. */
export function allocatable(name: string): { readonly cpu: number; readonly memory: number } {
  const { cpu, memory, reserved } = machine(name);
  // Beside what is reserved the kubelet keeps 100 MiB before it evicts.
  return { cpu: cpu - reserved.cpu, memory: (memory - reserved.memory) * 1024 - 100 };
}

/** What the pods on a node ask for. Cores and MiB. */
export function requested(
  state: SimState,
  node: string,
  { daemons = true }: { readonly daemons?: boolean } = {},
): { readonly cpu: number; readonly memory: number } {
  const apps = [...state.pods.values()]
    .filter((pod) => pod.node === node && pod.stage !== "ended").map(({ app }) => appOf(app));
  return sumOf(daemons ? apps : apps.filter(({ kind }) => kind !== "DaemonSet"));
}

function sumOf(apps: readonly App[]): { readonly cpu: number; readonly memory: number } {
  return {
    cpu: apps.reduce((sum, { cpu }) => sum + cpu, 0),
    memory: apps.reduce((sum, { memory }) => sum + memory, 0),
  };
}

/** What the DaemonSets ask for on each node. */
const DAEMONS = sumOf(APPS.filter(({ kind }) => kind === "DaemonSet"));

/** Places what can be placed, on the node that has most room. */
export function schedule(draft: Draft): void {
  for (const pod of [...draft.pods.values()]) {
    if (pod.stage !== "pending" || pod.endingSince !== undefined) continue;
    const app = appOf(pod.app);
    const refusals = new Map<string, number>();
    const fitting: { readonly node: string; readonly use: number }[] = [];
    for (const node of draft.nodes.values()) {
      const refusal = refusalOf(draft, app, node);
      if (refusal !== undefined) refusals.set(refusal, (refusals.get(refusal) ?? 0) + 1);
      else fitting.push({ node: node.name, use: use(draft, app, node.name) });
    }
    const [best] = fitting.sort((a, b) => a.use - b.use || (a.node < b.node ? -1 : 1));
    if (best !== undefined) {
      placePod(draft, pod, best.node);
      continue;
    }
    const why = [...refusals].map(([words, count]) => `${count} ${words}`).join(", ");
    const message = `0/${draft.nodes.size} nodes are available: ${why}.`;
    if (pod.reason !== message) changePod(draft, pod, { reason: message });
    if ((draft.now - pod.bornAt) % SAY_MS === 0) {
      say(draft, podAbout(pod), { warning: true, reason: "FailedScheduling", message });
    }
  }
}

/** Why a node does not take it, in the scheduler's words. */
function refusalOf(state: SimState, app: App, { name, cordoned, ready }: SimNode) {
  const { taints, labels, gpus } = machine(name);
  if (cordoned) return "node(s) were unschedulable";
  if (!ready) return "node(s) had untolerated taint {node.kubernetes.io/unreachable: }";
  const taint = taints.find(({ key }) => !(app.gpu && key === "nvidia.com/gpu"));
  if (taint !== undefined) {
    return `node(s) had untolerated taint {${taint.key}: ${taint.value ?? ""}}`;
  }
  if (app.onlyOn !== undefined && labels[app.onlyOn] === undefined) {
    return "node(s) didn't match Pod's node affinity/selector";
  }
  if (app.gpu && gpus === 0) return "Insufficient nvidia.com/gpu";
  // Pods of DaemonSets come to every node, so that room for them is always kept.
  const { cpu, memory } = requested(state, name, { daemons: false });
  const room = allocatable(name);
  if (cpu + DAEMONS.cpu + app.cpu > room.cpu) return "Insufficient cpu";
  if (memory + DAEMONS.memory + app.memory > room.memory) return "Insufficient memory";
  return undefined;
}

/** How full it would be; a big machine is not taken for small things while others have room. */
function use(state: SimState, app: App, name: string): number {
  const { cpu, memory } = requested(state, name);
  const room = allocatable(name);
  return (cpu + app.cpu) / room.cpu + (memory + app.memory) / room.memory;
}
