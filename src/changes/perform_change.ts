/**
 * Does what a person asked for to the cluster.
 *
 * @module
 */

import type { KubernetesApi } from "../cluster/api/kubernetes_api.ts";
import { type Clock, machineClock } from "../process/system.ts";
import type { ClusterChange } from "../live/live_session.ts";
import type { ChangeContext } from "./change_context.ts";
import { cordonNode, drainNode } from "./drain.ts";
import { deletePod } from "./delete_pod.ts";
import { restartWorkload } from "./restart.ts";
import { scaleWorkload } from "./scale.ts";

/**
 * Does a change, telling in sentences what happens; the last one is the result.
 *
 * Where the signal is aborted in between, the last sentence says what was done until then.
 *
 * @throws {UserError} exit code 1 where it did not come to its end, 2 where it cannot be done to
 *   such an object, 4 where it is refused or the server is out of reach
 */
export async function* performChange(
  api: KubernetesApi,
  change: ClusterChange,
  { signal, clock = machineClock, limitMs }: Pick<ChangeContext, "signal" | "limitMs"> & {
    readonly clock?: Clock;
  },
): AsyncGenerator<string, void> {
  try {
    yield* sentences({ api, signal, clock, limitMs }, change);
  } catch (error) {
    if (!signal.aborted || error !== signal.reason) throw error;
    yield "Stopped before the API server answered: look whether it was done.";
  }
}

function sentences(context: ChangeContext, change: ClusterChange): AsyncGenerator<string, void> {
  switch (change.type) {
    case "cordon":
    case "uncordon":
      return cordonNode(context, change.node, { cordon: change.type === "cordon" });
    case "drain":
      return drainNode(context, change.node);
    case "restart":
      return restartWorkload(context, change.workload);
    case "scale":
      return scaleWorkload(context, change.workload, { replicas: change.replicas });
    case "delete-pod":
      return deletePod(context, change);
  }
}
