/**
 * How far a rollout has come: the rules of `kubectl rollout status`
 * (kubectl 1.36, `pkg/polymorphichelpers/rollout_status.go`).
 *
 * @module
 */

import * as z from "zod";
import { counted, plural, safeText } from "../errors/safe_text.ts";
import { UserError } from "../errors/user_error.ts";
import { ofPods, type Progress } from "./change_context.ts";

const count = z.number().nullish().transform((value) => value ?? 0);

/** What is read of a Deployment, StatefulSet or DaemonSet. */
export const Rollout = z.object({
  metadata: z.object({ generation: count }),
  spec: z.object({
    /** The API server fills in 1. */
    replicas: z.number().nullish().transform((value) => value ?? 1),
    paused: z.boolean().nullish(),
    updateStrategy: z.object({
      type: z.string().nullish(),
      rollingUpdate: z.object({ partition: z.number().nullish() }).nullish(),
    }).nullish(),
  }),
  status: z.object({
    observedGeneration: count,
    replicas: count,
    updatedReplicas: count,
    readyReplicas: count,
    availableReplicas: count,
    desiredNumberScheduled: count,
    updatedNumberScheduled: count,
    numberAvailable: count,
    currentRevision: z.string().nullish(),
    updateRevision: z.string().nullish(),
    conditions: z.array(z.object({
      type: z.string(),
      reason: z.string().nullish(),
      message: z.string().nullish(),
    })).nullish(),
  }).nullish().transform((status) => status ?? undefined),
});

/** A Deployment, StatefulSet or DaemonSet, as far as a rollout goes. */
export type Rollout = z.infer<typeof Rollout>;

/** The status; undefined where its controller has not yet seen what was changed. */
export function seenStatus({ metadata, status }: Rollout): Rollout["status"] {
  return (status?.observedGeneration ?? -1) < metadata.generation ? undefined : status;
}

/**
 * How far a rollout is; where it is done, its words are the result.
 *
 * @throws {UserError} exit code 1 where its controller has given up
 */
export function rolloutProgress(
  kind: "Deployment" | "StatefulSet" | "DaemonSet",
  rollout: Rollout,
): Progress {
  const status = seenStatus(rollout);
  if (status === undefined) return going("");
  switch (kind) {
    case "Deployment":
      return ofDeployment(rollout, status);
    case "StatefulSet":
      return ofStatefulSet(rollout, status);
    case "DaemonSet":
      return ofDaemonSet(status);
  }
}

type Status = NonNullable<Rollout["status"]>;

function ofDeployment({ spec }: Rollout, status: Status): Progress {
  const wanted = spec.replicas;
  const progressing = status.conditions?.find(({ type }) => type === "Progressing");
  if (progressing?.reason === "ProgressDeadlineExceeded") {
    throw new UserError(
      `The rollout exceeded its progress deadline: ${safeText(progressing.message ?? "")}`,
      {
        hint: "Look at the new pods to see why. The old ones keep running.",
      },
    );
  }
  if (status.updatedReplicas < wanted) return replaced(status.updatedReplicas, wanted);
  if (status.replicas > status.updatedReplicas) {
    const old = status.replicas - status.updatedReplicas;
    return going(`${counted(old, "old pod is", "old pods are")} still running.`);
  }
  if (status.availableReplicas < status.updatedReplicas) {
    return going(`${status.availableReplicas} of ${wanted} new pods are ready.`);
  }
  return finished(wanted);
}

function ofStatefulSet({ spec }: Rollout, status: Status): Progress {
  const wanted = spec.replicas;
  if (status.readyReplicas < wanted) {
    return going(`${ofPods(status.readyReplicas, wanted)} ready.`);
  }
  // Only pods from the partition on are replaced.
  const partition = spec.updateStrategy?.rollingUpdate?.partition ?? 0;
  const replaceable = Math.max(0, wanted - partition);
  if (partition > 0) {
    return status.updatedReplicas < replaceable
      ? replaced(status.updatedReplicas, replaceable)
      : finished(replaceable);
  }
  return status.updateRevision !== status.currentRevision
    ? replaced(status.updatedReplicas, wanted)
    : finished(wanted);
}

function ofDaemonSet(status: Status): Progress {
  const wanted = status.desiredNumberScheduled;
  if (status.updatedNumberScheduled < wanted) {
    return replaced(status.updatedNumberScheduled, wanted);
  }
  if (status.numberAvailable < wanted) {
    return going(`${status.numberAvailable} of ${wanted} new pods are ready.`);
  }
  return finished(wanted);
}

function replaced(count: number, wanted: number): Progress {
  return going(`${ofPods(count, wanted)} replaced.`);
}

/** It goes on. */
export function going(words: string): Progress {
  return { done: false, words };
}

function finished(wanted: number): Progress {
  if (wanted === 0) return { done: true, words: "It has no pods now; the next ones will be new." };
  return {
    done: true,
    words: `${plural(wanted, "Its pod is", `All ${wanted} pods are`)} new and ready.`,
  };
}
