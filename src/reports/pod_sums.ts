/**
 * What pods of one thing come to together.
 *
 * @module
 */

import type { ClusterPod, Problem } from "../cluster/read/objects.ts";
import { hasEnded } from "./pod_index.ts";

/** Reasons every container has for a while after it was made. */
const STARTING: ReadonlySet<string> = new Set(["ContainerCreating", "PodInitializing"]);

/** Those that count: pods that are being deleted or have ended belong to the past. */
export function activePods(pods: readonly ClusterPod[]): readonly ClusterPod[] {
  const past = pods.some((pod) => pod.ending || hasEnded(pod));
  return past ? pods.filter((pod) => !pod.ending && !hasEnded(pod)) : pods;
}

/** Pods of these that are ready. */
export function readyPods(pods: readonly ClusterPod[]): number {
  let ready = 0;
  for (const pod of pods) if (pod.ready) ready++;
  return ready;
}

/** Restarts of their containers. */
export function restartsOf(pods: readonly ClusterPod[]): number {
  let restarts = 0;
  for (const pod of pods) restarts += pod.restarts;
  return restarts;
}

/** Why the first of them that is not ready waits or fails; one that merely starts comes last. */
export function problemOf(pods: readonly ClusterPod[]): Problem | undefined {
  let starting: Problem | undefined;
  for (const { ready, problem } of pods) {
    if (ready || problem === undefined) continue;
    if (!isStarting(problem)) return problem;
    starting ??= problem;
  }
  return starting;
}

/** Whether a pod with this problem just needs a moment. */
export function isStarting({ reason }: Problem): boolean {
  return STARTING.has(reason);
}
