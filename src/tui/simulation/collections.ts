/**
 * The simulated home as collections of objects of the API.
 *
 * @module
 */

import { LIVE_COLLECTIONS } from "../../live/live_collections.ts";
import type { CollectionName, Collections } from "../../cluster/watch/cluster_state.ts";
import type { WorkloadKind } from "../../cluster/read/objects.ts";
import {
  readEvent,
  readNode,
  readPod,
  readService,
  readWorkload,
} from "../../cluster/read/read_objects.ts";
import { APPS, idOf } from "./apps.ts";
import { gitRepositories, kustomizations, type SimFlux } from "./flux.ts";
import type { SimState } from "./model.ts";
import { nodeJson } from "./node_json.ts";
import { uid } from "./noise.ts";
import { eventJson, serviceJson } from "./object_json.ts";
import { podJson } from "./pod_json.ts";
import { workloadJson } from "./workload_json.ts";

const DAY_MS = 86_400_000;

/** An object of the API and the record it follows from: the same record, the same object. */
export interface SimObject {
  readonly uid: string;
  readonly record: unknown;
  readonly json: () => Record<string, unknown>;
}

/** A collection: where it lies, what is in it, and how the tool reads it. */
export interface SimCollection<K extends CollectionName = CollectionName> {
  readonly name: K;
  /** `/api/v1/pods`. */
  readonly path: string;
  readonly objects: (state: SimState) => readonly SimObject[];
  readonly read: (json: unknown) => Collections[K];
}

const WORKLOADS = [
  ["deployments", "Deployment", "/apis/apps/v1/deployments"],
  ["statefulSets", "StatefulSet", "/apis/apps/v1/statefulsets"],
  ["daemonSets", "DaemonSet", "/apis/apps/v1/daemonsets"],
  ["jobs", "Job", "/apis/batch/v1/jobs"],
  ["cronJobs", "CronJob", "/apis/batch/v1/cronjobs"],
] as const satisfies readonly (readonly [CollectionName, WorkloadKind, string])[];

/** Every collection. */
export const COLLECTIONS: readonly SimCollection[] = [
  {
    name: "nodes",
    path: "/api/v1/nodes",
    objects: ({ nodes }) => objectsOf(nodes.values(), (node) => nodeJson(node)),
    read: readNode,
  },
  {
    name: "pods",
    path: "/api/v1/pods",
    objects: ({ pods, seed }) => objectsOf(pods.values(), (pod) => podJson(pod, { seed })),
    read: readPod,
  },
  { name: "services", path: "/api/v1/services", objects: services, read: readService },
  {
    name: "events",
    path: "/api/v1/events",
    objects: ({ events }) => objectsOf(events.values(), eventJson),
    read: readEvent,
  },
  ...WORKLOADS.map(([name, kind, path]): SimCollection => ({
    name,
    path,
    objects: ({ workloads, seed }) =>
      objectsOf(
        workloads.values().filter((each) => each.kind === kind),
        (each) => workloadJson(each, { seed }),
      ),
    read: (json) => readWorkload(kind, json),
  })),
  fluxCollection("gitRepositories", gitRepositories),
  fluxCollection("kustomizations", kustomizations),
];

/** Objects that follow from the time: the same key is the same record. */
function fluxCollection(
  name: "gitRepositories" | "kustomizations",
  objects: (state: SimState) => readonly SimFlux[],
): SimCollection {
  const { path, pick } = LIVE_COLLECTIONS[name]!;
  return {
    name,
    path,
    objects: (state) => objects(state).map(({ uid, key, json }) => ({ uid, record: key, json })),
    read: pick,
  };
}

function objectsOf<R extends { readonly uid: string }>(
  records: Iterable<R>,
  json: (record: R) => Record<string, unknown>,
): readonly SimObject[] {
  return [...records].map((record) => ({
    uid: record.uid,
    record,
    json: () => json(record),
  }));
}

/** Services never change. */
function services({ seed, startedAt }: SimState): readonly SimObject[] {
  return APPS.filter(({ port }) => port !== undefined).map((app, index) => {
    const id = uid(seed, `service ${idOf(app)}`);
    return {
      uid: id,
      record: app,
      json: () =>
        serviceJson(app, {
          uid: id,
          address: `10.43.0.${10 + index}`,
          bornAt: startedAt - app.days * DAY_MS,
        }),
    };
  });
}
