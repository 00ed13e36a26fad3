/**
 * Replaces the pods of a workload, as `kubectl rollout restart` does.
 *
 * @module
 */

import { type ObjectReference, objectWords } from "../cluster/api/requests.ts";
import { usageError, UserError } from "../errors/user_error.ts";
import { type ChangeContext, follow, requestsAbout } from "./change_context.ts";
import { Rollout, rolloutProgress } from "./rollout_status.ts";

/** What kubectl writes into the pod template; a changed template is a new rollout. */
const RESTARTED_AT = "kubectl.kubernetes.io/restartedAt";

/**
 * Restarts a workload and follows its rollout.
 *
 * @throws {UserError} exit code 2 for a kind without rollouts or a paused Deployment, 1 where the
 *   rollout does not come to its end
 */
export async function* restartWorkload(
  context: ChangeContext,
  object: ObjectReference,
): AsyncGenerator<string, void> {
  const { kind } = object;
  const words = objectWords(object);
  if (kind !== "Deployment" && kind !== "StatefulSet" && kind !== "DaemonSet") {
    throw usageError(`A ${kind} cannot be restarted`, {
      hint:
        "You can restart Deployments, StatefulSets and DaemonSets. For other kinds, delete the pods.",
    });
  }
  const workload = requestsAbout(context, object);
  const read = async () => Rollout.parse(await workload.read());
  const before = await read();
  if (before.spec.paused) {
    throw usageError(`${words} is paused: nothing would be restarted`, {
      hint: `Resume it with: kubectl -n ${object.namespace} rollout resume deployment ` +
        object.name,
    });
  }
  const annotations = { [RESTARTED_AT]: new Date(context.clock.now()).toISOString() };
  await workload.patch({ spec: { template: { metadata: { annotations } } } });
  if (before.spec.updateStrategy?.type === "OnDelete") {
    yield `${words} replaces its pods only when they are deleted (strategy OnDelete): delete them.`;
    return;
  }
  yield `${words} restarts.`;
  const ended = yield* follow(context, async () => rolloutProgress(kind, await read()));
  if (ended === "stopped") {
    yield `Stopped watching; the restart of ${words} continues in the cluster.`;
  } else if (ended === "time is up") {
    throw new UserError(`The restart of ${words} is not done after 5 minutes`, {
      hint: "It continues in the cluster. Look at its new pods to see why it is slow.",
    });
  }
}
