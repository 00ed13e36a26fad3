/**
 * The simulated home as a value: everything that changes. Types, and the few ways to change it
 * that everything else goes through.
 *
 * @module
 */

import type { WorkloadKind } from "../../cluster/read/objects.ts";
import { suffix, uid } from "./noise.ts";

/** A machine as the tailnet sees it. */
export interface SimPeer {
  readonly name: string;
  readonly online: boolean;
  /** Milliseconds since the epoch; when that last changed. */
  readonly since: number;
}

/** A node. Times are milliseconds since the epoch. */
export interface SimNode {
  readonly name: string;
  readonly uid: string;
  readonly joinedAt: number;
  readonly cordoned: boolean;
  readonly ready: boolean;
  readonly readySince: number;
}

/** Something that keeps pods. */
export interface SimWorkload {
  readonly uid: string;
  readonly kind: WorkloadKind;
  readonly namespace: string;
  readonly name: string;
  /** Id of the app its pods run. */
  readonly app: string;
  readonly bornAt: number;
  readonly replicas: number;
  /** Of its image. */
  readonly release: number;
  /** Of its pod template: a release or a restart makes a new one. */
  readonly revision: number;
  readonly restartedAt: string | undefined;
  readonly generation: number;
  readonly status: WorkloadStatus;
  /** Name of the CronJob that made this Job. */
  readonly owner: string | undefined;
  /** When a Job was done, a CronJob last began one. */
  readonly doneAt: number | undefined;
}

/** What a controller says of its pods. */
export interface WorkloadStatus {
  readonly generation: number;
  readonly pods: number;
  readonly updated: number;
  readonly ready: number;
  /** Of a DaemonSet how many nodes, of a CronJob how many Jobs. */
  readonly wanted: number;
}

/** How a container ended. */
export interface ContainerEnd {
  readonly exitCode: number;
  readonly startedAt: number;
  readonly endedAt: number;
}

/** A pod with its one container. */
export interface SimPod {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  /** Id of its workload; undefined: nobody's. */
  readonly owner: string | undefined;
  readonly app: string;
  readonly release: number;
  readonly revision: number;
  readonly bornAt: number;
  readonly node: string | undefined;
  readonly stage: "pending" | "creating" | "running" | "waiting" | "ended";
  /** When that began. */
  readonly since: number;
  /** Why it is pending or waiting. */
  readonly reason: string;
  readonly ready: boolean;
  readonly restarts: number;
  /** The container's end before this one, or its only one. */
  readonly lastEnd: ContainerEnd | undefined;
  /** When it was asked to end. */
  readonly endingSince: number | undefined;
}

/** An Event of the API. */
export interface SimEvent {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly warning: boolean;
  readonly reason: string;
  readonly message: string;
  readonly about: {
    readonly kind: string;
    readonly namespace: string;
    readonly name: string;
    readonly uid: string;
  };
  readonly count: number;
  readonly firstAt: number;
  readonly lastAt: number;
}

/** Everything. */
export interface SimState {
  readonly seed: number;
  readonly startedAt: number;
  readonly now: number;
  /** Objects made so far; names and UIDs follow from it. */
  readonly made: number;
  readonly peers: ReadonlyMap<string, SimPeer>;
  readonly nodes: ReadonlyMap<string, SimNode>;
  /** By id. */
  readonly workloads: ReadonlyMap<string, SimWorkload>;
  /** By UID. */
  readonly pods: ReadonlyMap<string, SimPod>;
  /** By UID. */
  readonly events: ReadonlyMap<string, SimEvent>;
}

/** A state that is being worked on; its records are replaced, never changed. */
export interface Draft extends SimState {
  now: number;
  made: number;
  readonly peers: Map<string, SimPeer>;
  readonly nodes: Map<string, SimNode>;
  readonly workloads: Map<string, SimWorkload>;
  readonly pods: Map<string, SimPod>;
  readonly events: Map<string, SimEvent>;
}

/** A copy to work on; the state given stays as it is. */
export function draftOf(state: SimState): Draft {
  return {
    ...state,
    peers: new Map(state.peers),
    nodes: new Map(state.nodes),
    workloads: new Map(state.workloads),
    pods: new Map(state.pods),
    events: new Map(state.events),
  };
}

/** A UID nobody has yet. */
export function newUid(draft: Draft): string {
  return uid(draft.seed, `object ${draft.made++}`);
}

/** The end of a name nobody has yet. */
export function newSuffix(draft: Draft): string {
  return suffix(draft.seed, `name ${draft.made}`);
}

/** Replaces a pod by one that differs in something. */
export function changePod(draft: Draft, pod: SimPod, change: Partial<SimPod>): SimPod {
  const next = { ...pod, ...change };
  draft.pods.set(pod.uid, next);
  return next;
}

/** Milliseconds an Event is kept: k3s keeps them for an hour, as the API server does. */
const EVENT_TTL_MS = 60 * 60_000;

/** Says something about an object; what was said before is counted. */
export function say(
  draft: Draft,
  about: SimEvent["about"],
  { warning = false, reason, message }: {
    readonly warning?: boolean;
    readonly reason: string;
    readonly message: string;
  },
): void {
  const id = uid(draft.seed, `event ${about.uid} ${reason} ${message}`);
  const before = draft.events.get(id);
  const { kind, namespace, name } = about;
  draft.events.set(id, {
    uid: id,
    // Events of nodes lie in the namespace default.
    namespace: namespace || "default",
    name: `${name}.${id.slice(0, 8)}${id.slice(9, 13)}`,
    warning,
    reason,
    message,
    about: { kind, namespace, name, uid: about.uid },
    count: (before?.count ?? 0) + 1,
    firstAt: before?.firstAt ?? draft.now,
    lastAt: draft.now,
  });
}

/** Takes out events that were not said for an hour. */
export function forgetEvents(draft: Draft): void {
  for (const [id, { lastAt }] of draft.events) {
    if (draft.now - lastAt > EVENT_TTL_MS) draft.events.delete(id);
  }
}

/** A pod as events speak of it. */
export function podAbout({ uid, namespace, name }: SimPod): SimEvent["about"] {
  return { kind: "Pod", namespace, name, uid };
}
