/**
 * Replaces the pods of a workload, as `kubectl rollout restart` does.
 *
 * @module
 */

import { objectPath, objectWords } from "../cluster/api/object_errors.ts";
import type { ObjectReference } from "../cluster/api/requests.ts";
import { usageError, UserError } from "../errors/user_error.ts";
import { ask, type ChangeContext } from "./change_context.ts";
import { follow } from "./follow.ts";
import { Rollout, type RolloutKind, rolloutProgress } from "./rollout_status.ts";

/** What kubectl writes into the pod template; a changed template is a new rollout. */
const RESTARTED_AT = "kubectl.kubernetes.io/restartedAt";

/** Kinds whose pods are replaced by a rollout. */
export function canRestart(kind: ObjectReference["kind"]): kind is RolloutKind {
  return kind === "Deployment" || kind === "StatefulSet" || kind === "DaemonSet";
}

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
  const { api, clock, signal } = context;
  const { kind } = object;
  const words = objectWords(object);
  if (!canRestart(kind)) {
    throw usageError(`A ${kind} cannot be restarted`, {
      hint: "Deployments, StatefulSets and DaemonSets can; of others delete the pods.",
    });
  }
  const path = objectPath(object);
  const read = async () =>
    Rollout.parse(await ask(context, () => api.get(path, { signal }), { object, verb: "get" }));
  const before = await read();
  if (before.spec.paused) {
    throw usageError(`${words} is paused: nothing would be restarted`, {
      hint: `Resume it with: kubectl -n ${object.namespace} rollout resume deployment ` +
        object.name,
    });
  }
  await ask(context, () =>
    api.change({
      method: "PATCH",
      path,
      patch: "strategic-merge",
      body: {
        spec: {
          template: {
            metadata: { annotations: { [RESTARTED_AT]: new Date(clock.now()).toISOString() } },
          },
        },
      },
      signal,
    }), { object, verb: "patch" });
  if (before.spec.updateStrategy?.type === "OnDelete") {
    yield `${words} replaces its pods only when they are deleted (strategy OnDelete): delete them.`;
    return;
  }
  yield `${words} restarts.`;
  const ended = yield* follow(context, async () => rolloutProgress(kind, await read()));
  if (ended === "stopped") {
    yield `Stopped watching; the restart of ${words} goes on in the cluster.`;
  } else if (ended === "time is up") {
    throw new UserError(`The restart of ${words} is not done after 5 minutes`, {
      hint: "It goes on in the cluster; its new pods say what holds them up.",
    });
  }
}
