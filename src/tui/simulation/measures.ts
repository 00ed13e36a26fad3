/**
 * What the simulated machines measure: it wanders, and never leaves what a machine has.
 *
 * @module
 */

import type { Metrics, Usage } from "../../cluster/watch/cluster_state.ts";
import { appOf } from "./apps.ts";
import { machine } from "./machines.ts";
import type { SimNode, SimState } from "./model.ts";
import { drift } from "./noise.ts";
import { allocatable } from "./scheduler.ts";

/** How often it is measured, in milliseconds. */
export const MEASURED_EVERY_MS = 5_000;

const MIB = 2 ** 20;
const GIB = 2 ** 30;

/** Use of every node that can be asked. */
export function metricsOf(state: SimState): Metrics {
  const nodes = [...state.nodes.values()]
    .filter(({ name }) => state.peers.get(name)?.online)
    .map((node) => [node.name, usageOf(state, node)] as const);
  return { known: true, nodes: new Map(nodes) };
}

function usageOf(state: SimState, { name }: SimNode): Usage {
  const { seed, now, startedAt } = state;
  const own = machine(name);
  const room = allocatable(name);
  const wander = (what: string, period: number) => drift(seed, `${what} ${name}`, { now, period });
  let cpu = own.cpu * own.own * (0.3 + 1.4 * wander("cpu", 20_000));
  let memory = own.memory * 1024 * own.own * (0.8 + 0.4 * wander("memory", 180_000));
  for (const pod of state.pods.values()) {
    if (pod.node !== name || pod.stage !== "running") continue;
    const app = appOf(pod.app);
    const busy = drift(seed, `pod ${pod.uid}`, { now, period: 15_000 });
    cpu += app.cpu * (0.1 + 1.1 * busy * busy);
    memory += app.memory * (0.55 + 0.4 * drift(seed, pod.uid, { now, period: 120_000 }));
  }
  // Files come, and are cleaned up now and then.
  const grown = ((now - startedAt) / 1000 % 900) * 0.000_01 + 0.001 * wander("disk", 60_000);
  const capacity = own.disk * GIB;
  return {
    cpu: Math.min(cpu, room.cpu * 0.98),
    memory: Math.min(memory, room.memory * 0.98) * MIB,
    disk: { used: Math.min(0.99, own.full + grown) * capacity, capacity },
  };
}
