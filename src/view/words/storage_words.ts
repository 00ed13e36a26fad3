/**
 * What a person should know of volumes, in sentences.
 *
 * @module
 */

import type { ClusterEvent } from "../../cluster/read/objects.ts";
import { type LiveView, nodeRows } from "../lists/live_rows.ts";
import { bytes, percent } from "./amounts.ts";

/** The share of a file system from which on it should be looked at, as in notify.py. */
export const FULL = 0.85;

/** Whether a file system should be looked at. */
export function isFull({ used, capacity }: Readonly<Record<"used" | "capacity", number>>): boolean {
  return used >= capacity * FULL;
}

/** Volumes named in one sentence. */
const NAMED = 3;

/** Kubernetes repeats it at least every five minutes while the claim waits. */
const RECENT_MS = 10 * 60_000;

/** A claim whose class does not exist (Kubernetes pkg/controller/volume/persistentvolume/pv_controller.go, provisionClaim). */
interface ClassLess {
  readonly claim: string;
  readonly storageClass: string;
  readonly lastSeen: number;
}

/** Claims that wait for a storage class that is not there. */
export function claimWarnings({ live, now, memo }: LiveView): readonly string[] {
  const { events } = live.cluster;
  const claims = memo("claims", [events], () => [...events?.values() ?? []].flatMap(classLess));
  const waiting = claims.filter(({ lastSeen }) => now - lastSeen < RECENT_MS);
  return [...new Map(waiting.map((each) => [each.claim, each])).values()].map((each) =>
    `The claim ${each.claim} waits: no node has the storage class ${each.storageClass}. ` +
    "See the classes with: kubectl get storageclass"
  );
}

/** File systems of volumes that are nearly full, each once, by what kubelets measured. */
export function fullDisks(view: LiveView): readonly string[] {
  return nodeRows(view).flatMap(({ name, used }) => {
    const full = (used?.volumes ?? []).filter(isFull);
    // Volumes in directories of one disk are measured alike.
    const disks = Map.groupBy(full, ({ used, capacity }) => `${used} ${capacity}`);
    return [...disks.values()].map((volumes) => {
      const { used, capacity } = volumes[0]!;
      const more = volumes.length > NAMED ? ` and ${volumes.length - NAMED} more` : "";
      const claims = volumes.slice(0, NAMED).map(({ claim }) => claim).join(", ") + more;
      return `The disk of ${name} that has the volumes of ${claims} is ${
        percent(used, capacity)
      } full (${bytes(used)} of ${bytes(capacity)})`;
    });
  });
}

function classLess({ about, reason, message, lastSeen }: ClusterEvent): ClassLess[] {
  if (about.kind !== "PersistentVolumeClaim" || reason !== "ProvisioningFailed") return [];
  const storageClass = message.match(/^storageclass\.storage\.k8s\.io "([^"]*)" not found/)?.[1];
  if (storageClass === undefined) return [];
  const claim = `${about.namespace}/${about.name}`;
  return [{ claim, storageClass, lastSeen: Date.parse(lastSeen) }];
}
