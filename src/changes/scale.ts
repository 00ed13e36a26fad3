/**
 * Changes how many pods a workload has.
 *
 * @module
 */

import { counted, plural } from "../errors/safe_text.ts";
import { type ObjectReference, objectWords } from "../cluster/api/requests.ts";
import { usageError, UserError } from "../errors/user_error.ts";
import {
  type ChangeContext,
  follow,
  ofPods,
  pods,
  type Progress,
  requestsAbout,
} from "./change_context.ts";
import { going, Rollout, seenStatus } from "./rollout_status.ts";

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
  const words = objectWords(object);
  if (object.kind !== "Deployment" && object.kind !== "StatefulSet") {
    throw usageError(`A ${object.kind} cannot be scaled`, {
      hint: "Deployments and StatefulSets can.",
    });
  }
  if (!Number.isInteger(replicas) || replicas < 0) {
    throw usageError(`${words} cannot have ${replicas} pods`, {
      hint: "Give a whole number, 0 or more.",
    });
  }
  const workload = requestsAbout(context, object);
  const read = async () => Rollout.parse(await workload.read());
  const before = (await read()).spec.replicas;
  if (before === replicas) {
    yield `${words} is set to ${pods(replicas)} already.`;
  } else {
    await workload.patch({ spec: { replicas } }, "scale");
    yield `${words} is scaled from ${before} to ${pods(replicas)}.`;
  }
  const ended = yield* follow(context, async () => progress(await read(), { words, replicas }));
  if (ended === "stopped") {
    yield `Stopped watching; the change of ${words} continues in the cluster.`;
  } else if (ended === "time is up") {
    throw new UserError(`${words} does not have its ${pods(replicas)} after 5 minutes`, {
      hint: "It continues in the cluster. Look at its pods to see why it is slow.",
    });
  }
}

function progress(
  rollout: Rollout,
  { words, replicas }: { readonly words: string; readonly replicas: number },
): Progress {
  const { spec } = rollout;
  if (spec.replicas !== replicas) {
    throw new UserError(`Somebody else has set ${words} to ${pods(spec.replicas)} meanwhile`, {
      hint: "An autoscaler or GitOps may own that number: change it there.",
    });
  }
  const status = seenStatus(rollout);
  if (status === undefined) return going("");
  if (status.replicas > replicas) {
    const extra = status.replicas - replicas;
    return going(`${counted(extra, "pod too many ends", "pods too many end")}.`);
  }
  if (status.readyReplicas < replicas) {
    return going(`${ofPods(status.readyReplicas, replicas)} ready.`);
  }
  return {
    done: true,
    words: replicas === 0
      ? `${words} has no pods now.`
      : `${words} has ${pods(replicas)}, ${plural(replicas, "ready", "all ready")}.`,
  };
}
