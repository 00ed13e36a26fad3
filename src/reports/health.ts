/**
 * How what runs in a cluster stands, in one word.
 *
 * @module
 */

import type { Problem } from "../cluster/read/objects.ts";

/** Every word, as it stands in documents. */
export const HEALTHS = [
  /** All pods wanted are ready. */
  "Healthy",
  /** Some are, or pods beyond those wanted do not come up. */
  "Degraded",
  /** None is. */
  "Down",
  /** None is wanted. */
  "Idle",
  /** A Job at work, a CronJob with one, a pod of nobody that runs. */
  "Running",
  /** It has done what it was there for. */
  "Complete",
  /** It has given up. */
  "Failed",
  /** It was told to wait. */
  "Suspended",
  /** It has no pods of its own (ExternalName, or endpoints somebody else keeps). */
  "External",
  /** Pods could not be listed. */
  "Unknown",
] as const;

/** One of {@linkcode HEALTHS}. */
export type Health = typeof HEALTHS[number];

/** Pods, or what stands for them. */
export interface PodCount {
  readonly ready: number;
  readonly wanted: number;
}

/**
 * Health of something that keeps a number of pods ready.
 *
 * @param problem of a pod that is not ready; one too many that fails is a rollout that hangs
 */
export function healthOf({ ready, wanted }: PodCount, problem?: Problem): Health {
  if (wanted === 0) return "Idle";
  if (ready >= wanted) return problem === undefined ? "Healthy" : "Degraded";
  return ready === 0 ? "Down" : "Degraded";
}

/** Whether somebody should look at it. */
export function isTrouble(health: Health): boolean {
  return health === "Degraded" || health === "Down" || health === "Failed";
}
