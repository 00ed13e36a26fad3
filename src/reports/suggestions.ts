/**
 * What to set for a machine, by what it is.
 *
 * @module
 */

import type { MachineFacts } from "../ansible/events/machine.ts";
import type { InventoryHost } from "../inventory/model.ts";

const GIB = 2 ** 30;

/** A board of 4 GiB shows somewhat less, as its firmware keeps some. */
const SMALL_GIB = 4;

/** 512 MiB for pods and the 256 MiB that `small` reserves. */
const SMALLEST_GIB = 0.75;

/** A variable that the inventory does not set, and why it should. */
export interface Suggestion {
  readonly host: string;
  readonly variable: string;
  readonly value: string | boolean;
  readonly reason: string;
}

/** Suggestions for a host; what its owner set, at the host or at a group, is left alone. */
export function suggestionsFor(host: InventoryHost, facts: MachineFacts): readonly Suggestion[] {
  const all = [...profile(facts), ...reservations(facts), ...gpu(facts)];
  return all.filter(({ variable }) => !host.vars.has(variable))
    .map((suggestion) => ({ host: host.name, ...suggestion }));
}

type Wanted = Omit<Suggestion, "host">;

/**
 * Small wins: what a workstation keeps back would leave a machine of 4 GiB with little. A profile
 * whose reservations the preflight would refuse is not suggested (it wants 512 MiB and 0.2 CPU left
 * for pods).
 */
function profile({ memory_bytes, threads, desktop, battery }: MachineFacts): Wanted[] {
  const memory = (memory_bytes ?? Infinity) / GIB;
  if (memory < SMALL_GIB) {
    const reason = `${memory.toFixed(1)} GiB of memory`;
    return memory < SMALLEST_GIB ? [] : [{ variable: "profile", value: "small", reason }];
  }
  if ((threads ?? Infinity) < 2) return [];
  const person = desktop === true
    ? "a desktop session is open"
    : battery === true
    ? "it has a battery"
    : undefined;
  return person === undefined
    ? []
    : [{ variable: "profile", value: "workstation", reason: person }];
}

/** A person at the machine needs room of their own: a quarter of its memory, and a core or two. */
function reservations({ desktop, memory_bytes, threads }: MachineFacts): Wanted[] {
  if (desktop !== true) return [];
  const reason = "a desktop session is open";
  const quarter = (memory_bytes ?? 0) / 4;
  const memory = quarter >= GIB ? `${Math.min(4, Math.floor(quarter / GIB))}Gi` : "512Mi";
  return [
    // Preflight refuses reservations that leave less than 512 MiB.
    ...((memory_bytes ?? 0) >= GIB * 1.5
      ? [{ variable: "reserved_memory", value: memory, reason }]
      : []),
    ...((threads ?? 0) >= 4
      ? [{ variable: "reserved_cpu", value: threads! >= 8 ? "2" : "1", reason }]
      : []),
  ];
}

function gpu({ gpus, gpu_problem }: MachineFacts): Wanted[] {
  const [first] = gpus;
  if (first === undefined) return [];
  const count = gpus.length > 1 ? `${gpus.length} × ` : "";
  const what = first.model ?? `NVIDIA card ${first.device ?? "of unknown model"}`;
  const driver = first.driver === undefined
    ? gpu_problem === undefined ? "no driver" : `nvidia-smi: ${gpu_problem}`
    : `driver ${first.driver}`;
  return [{ variable: "gpu", value: true, reason: `${count}${what}, ${driver}` }];
}
