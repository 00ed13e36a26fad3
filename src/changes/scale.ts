/**
 * Changes how many pods a workload has.
 *
 * @module
 */

import { counted, plural } from "../errors/safe_text.ts";
import { objectPath, objectWords } from "../cluster/api/object_errors.ts";
import type { ObjectReference } from "../cluster/api/requests.ts";
import { usageError, UserError } from "../errors/user_error.ts";
import { ask, type ChangeContext, ofPods, pods } from "./change_context.ts";
import { follow, type Progress } from "./follow.ts";
import { Rollout } from "./rollout_status.ts";

/** Kinds that have a number of pods that a person chooses. */
export function canScale(kind: ObjectReference["kind"]): boolean {
  return kind === "Deployment" || kind === "StatefulSet";
}

/**
 * Scales a workload and waits until it has its pods.
 *
 * @throws {UserError} exit code 2 for what cannot be scaled so, 1 where its pods do not come or go,
 *   or somebody else scales it too
 */
export async function* scaleWorkload(
  context: ChangeContext,
  object: ObjectReference,
  { replicas }: { readonly replicas: number },
): AsyncGenerator<string, void> {
  const { api, signal } = context;
  const words = objectWords(object);
  if (!canScale(object.kind)) {
    throw usageError(`A ${object.kind} cannot be scaled`, {
      hint: "Deployments and StatefulSets can.",
    });
  }
  if (!Number.isInteger(replicas) || replicas < 0) {
    throw usageError(`${words} cannot have ${replicas} pods`, {
      hint: "Give a whole number, 0 or more.",
    });
  }
  const path = objectPath(object);
  const read = async () =>
    Rollout.parse(await ask(context, () => api.get(path, { signal }), { object, verb: "get" }));
  const before = (await read()).spec.replicas;
  if (before === replicas) {
    yield `${words} is set to ${pods(replicas)} already.`;
  } else {
    await ask(context, () =>
      api.change({
        method: "PATCH",
        path: objectPath(object, "scale"),
        patch: "merge",
        body: { spec: { replicas } },
        signal,
      }), { object, verb: "patch", part: "scale" });
    yield `${words} is scaled from ${before} to ${pods(replicas)}.`;
  }
  const ended = yield* follow(context, async () => progress(await read(), { words, replicas }));
  if (ended === "stopped") {
    yield `Stopped watching; ${words} goes on changing in the cluster.`;
  } else if (ended === "time is up") {
    throw new UserError(`${words} does not have its ${pods(replicas)} after 5 minutes`, {
      hint: "It goes on in the cluster; its pods say what holds them up.",
    });
  }
}

function progress(
  { metadata, spec, status }: Rollout,
  { words, replicas }: { readonly words: string; readonly replicas: number },
): Progress {
  if (spec.replicas !== replicas) {
    throw new UserError(`Somebody else has set ${words} to ${pods(spec.replicas)} meanwhile`, {
      hint: "An autoscaler or GitOps may own that number: change it there.",
    });
  }
  if (status === undefined || status.observedGeneration < metadata.generation) {
    return { done: false, words: "" };
  }
  if (status.replicas > replicas) {
    const extra = status.replicas - replicas;
    return { done: false, words: `${counted(extra, "pod too many ends", "pods too many end")}.` };
  }
  if (status.readyReplicas < replicas) {
    return { done: false, words: `${ofPods(status.readyReplicas, replicas)} ready.` };
  }
  return {
    done: true,
    words: replicas === 0
      ? `${words} has no pods now.`
      : `${words} has ${pods(replicas)}, ${plural(replicas, "ready", "all ready")}.`,
  };
}
