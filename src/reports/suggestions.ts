/**
 * What to set for a machine, by what it is.
 *
 * @module
 */

import type { MachineFacts } from "../ansible/events/machine.ts";
import type { InventoryHost } from "../inventory/model.ts";
import { StoragePathSchema } from "../inventory/schema.ts";
import { overlap, storagePathsOf } from "../inventory/storage.ts";

const GIB = 2 ** 30;

/** A board of 4 GiB shows somewhat less, as its firmware keeps some. */
const SMALL_GIB = 4;

/** 512 MiB for pods and the 256 MiB that `small` reserves. */
const SMALLEST_GIB = 0.75;

/** A variable that the inventory does not set, and why it should. */
export interface Suggestion {
  readonly host: string;
  readonly variable: string;
  readonly value: string | boolean | readonly Readonly<Record<string, string>>[];
  readonly reason: string;
}

/**
 * Suggestions for a host; what its owner set, at the host or at a group, is left alone, and fits what
 * is set for the other `hosts` of the inventory.
 */
export function suggestionsFor(
  host: InventoryHost,
  facts: MachineFacts,
  hosts: readonly InventoryHost[],
): readonly Suggestion[] {
  const all = [...profile(facts), ...reservations(facts), ...gpu(facts), ...storage(facts, hosts)];
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
  const memory = (memory_bytes ?? Infinity) / GIB, cpus = threads ?? Infinity;
  if (memory < SMALL_GIB) {
    const reason = `${memory.toFixed(1)} GiB of memory`;
    const fits = memory >= SMALLEST_GIB && cpus >= 1;
    return fits ? [{ variable: "profile", value: "small", reason }] : [];
  }
  if (cpus < 2) return [];
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

/** A file system that holds almost nothing was made for something to come: volumes. */
const EMPTY = 0.9;

/** What is smaller is a stick that somebody forgot. */
const DISK_GIB = 8;

/** Empty or not, these are for something else. */
const SPOKEN_FOR = /^\/(?:$|(?:home|var|boot)(?:\/|$)|opt$)/;

/** File systems that keep owners and modes of files. */
const FOR_VOLUMES = /^(?:ext[234]|xfs|btrfs|zfs|f2fs|bcachefs|jfs)$/;

function storage({ filesystems }: MachineFacts, hosts: readonly InventoryHost[]): Wanted[] {
  const known = hosts.flatMap(storagePathsOf);
  const found = filesystems.flatMap(
    ({ path, type = "", bytes = 0, free_bytes = 0, rotational }) => {
      if (path === undefined || SPOKEN_FOR.test(path) || !FOR_VOLUMES.test(type)) return [];
      if (bytes < DISK_GIB * GIB || free_bytes < bytes * EMPTY) return [];
      const kind = rotational === undefined ? "disk" : rotational ? "hdd" : "ssd";
      // A class keeps or deletes volumes on all hosts alike.
      const reclaim = known.find((each) => each.class === kind)?.reclaim;
      const entry = {
        path: `${path}/volumes`,
        class: kind,
        ...(reclaim === "Retain" ? { reclaim } : {}),
      };
      if (!StoragePathSchema.safeParse(entry).success) return [];
      return [{ entry, reason: `an empty ${shown(bytes)} ${type} at ${path}` }];
    },
  );
  const empty = found.filter(({ entry }, at) =>
    !found.slice(0, at).some((other) => overlap(other.entry.path, entry.path))
  );
  if (empty.length === 0) return [];
  return [{
    variable: "storage_paths",
    value: empty.map(({ entry }) => entry),
    reason: empty.map(({ reason }) => reason).join(", "),
  }];
}

/** As disks are sold: `2 TB`. */
function shown(bytes: number): string {
  return bytes >= 1e12
    ? `${Number((bytes / 1e12).toFixed(1))} TB`
    : `${Math.round(bytes / 1e9)} GB`;
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
