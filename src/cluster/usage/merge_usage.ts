/**
 * Use of nodes from all who measure it.
 *
 * @module
 */

import type { Metrics, Usage } from "../watch/cluster_state.ts";
import type { Measured } from "./metrics_api.ts";

/** Metrics-server's word on CPU and memory, the kubelets' where it has none, and on disks. */
export function mergeUsage(
  measured: Measured,
  summaries: ReadonlyMap<string, Usage>,
): Metrics {
  const nodes = new Map<string, Usage>(summaries);
  if (measured.known) {
    for (const [name, { cpu, memory }] of measured.nodes) {
      nodes.set(name, { cpu, memory, disk: summaries.get(name)?.disk });
    }
  } else if (summaries.size === 0) return { known: false, reason: measured.reason };
  return { known: true, nodes };
}

/** True where both say the same. */
export function sameMetrics(one: Metrics, other: Metrics): boolean {
  if (!one.known || !other.known) {
    return !one.known && !other.known && one.reason === other.reason;
  }
  if (one.nodes.size !== other.nodes.size) return false;
  for (const [name, usage] of one.nodes) {
    const then = other.nodes.get(name);
    if (
      then === undefined || then.cpu !== usage.cpu || then.memory !== usage.memory ||
      then.disk?.used !== usage.disk?.used || then.disk?.capacity !== usage.disk?.capacity
    ) return false;
  }
  return true;
}
