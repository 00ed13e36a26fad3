/**
 * Where each collection lies, how an object of it is read, and what is said where it is not.
 *
 * @module
 */

import * as z from "zod";
import { safeText } from "../../errors/safe_text.ts";
import { UserError } from "../../errors/user_error.ts";
import type { CollectionName, Collections } from "./cluster_state.ts";
import { ApiError } from "../api/kubernetes_api.ts";
import { collectionPath } from "../api/requests.ts";
import type { Workload, WorkloadKind } from "../read/objects.ts";
import { decodePodList } from "../api/api_protobuf.ts";
import { readVolume, VOLUMES } from "../read/read_volumes.ts";
import { readEvent, readNode, readPod, readService, readWorkload } from "../read/read_objects.ts";

/** A collection of the API. */
export interface CollectionSource<T> {
  readonly path: string;
  /** @throws {z.ZodError} */
  readonly pick: (object: unknown) => T;
  /** Reads a list in Protocol Buffers; without it lists are asked for as JSON. @throws {RangeError} */
  readonly decode?: (bytes: Uint8Array) => unknown;
  /** Where there is none (404), what it belongs to is not installed, and nothing is missing. */
  readonly optional?: true;
}

/** The collections that are read. */
export type CollectionSources = {
  readonly [K in CollectionName]?: CollectionSource<Collections[K]>;
};

/** Names of what Kubernetes itself has. */
type OwnName = Exclude<CollectionName, "gitRepositories" | "kustomizations">;

/** Where each collection of Kubernetes itself lies, and how an object of it is read. */
export const COLLECTIONS: { readonly [K in OwnName]: CollectionSource<Collections[K]> } = {
  nodes: { path: collectionPath("Node"), pick: readNode },
  pods: { path: collectionPath("Pod"), pick: readPod, decode: decodePodList },
  services: { path: collectionPath("Service"), pick: readService },
  deployments: workloads("Deployment"),
  statefulSets: workloads("StatefulSet"),
  daemonSets: workloads("DaemonSet"),
  jobs: workloads("Job"),
  cronJobs: workloads("CronJob"),
  events: { path: collectionPath("Event"), pick: readEvent },
  // Of a node's details alone: nothing else is missing without them.
  persistentVolumes: { path: VOLUMES, pick: readVolume, optional: true },
};

function workloads(kind: WorkloadKind): CollectionSource<Workload> {
  return { path: collectionPath(kind), pick: (value) => readWorkload(kind, value) };
}

/** The collections of some sources, each with its name. */
export function sourceEntries(
  sources: CollectionSources,
): readonly (readonly [CollectionName, CollectionSource<unknown>])[] {
  return Object.entries(sources) as [CollectionName, CollectionSource<unknown>][];
}

/** A collection as a person calls it: `stateful sets`. */
export function wordsFor(collection: CollectionName): string {
  return collection.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

/** Whether a failure means that what a collection belongs to is not installed. */
export function isAbsent({ optional }: CollectionSource<unknown>, error: unknown): boolean {
  return optional === true && error instanceof ApiError && error.status === 404;
}

/** Why a collection cannot be shown. @throws what is no refusal and no failure to reach it */
export function gapOf(collection: CollectionName, error: unknown): string {
  const words = wordsFor(collection);
  if (error instanceof ApiError && error.status === 403) return `not allowed to list ${words}`;
  if (error instanceof ApiError || error instanceof UserError) {
    return `${words} could not be listed: ${safeText(error.message)}`;
  }
  if (error instanceof z.ZodError) return `${words} cannot be parsed`;
  throw error;
}
