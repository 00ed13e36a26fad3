/**
 * Making pods and asking them to end.
 *
 * @module
 */

import { appOf } from "./apps.ts";
import {
  changePod,
  type Draft,
  newSuffix,
  newUid,
  podAbout,
  say,
  type SimPod,
  type SimState,
  type SimWorkload,
} from "./model.ts";
import { suffix } from "./noise.ts";

/** What a pod template's labels carry, of one revision. */
export function templateHash(seed: number, owner: string, revision: number): string {
  return suffix(seed, `${owner} revision ${revision}`, { length: 10 });
}

/** Pods of a workload in the order in which they were made. */
export function podsOf(state: SimState, owner: string): SimPod[] {
  return [...state.pods.values()].filter((pod) => pod.owner === owner);
}

/** Those that are not being ended. */
export function activePods(state: SimState, owner: string): SimPod[] {
  return podsOf(state, owner).filter(({ endingSince }) => endingSince === undefined);
}

/** Makes a pod of a workload; its name follows the kind's way. */
export function makePod(
  draft: Draft,
  id: string,
  { ordinal, node }: { readonly ordinal?: number; readonly node?: string } = {},
): SimPod {
  const workload = draft.workloads.get(id);
  const app = appOf(workload?.app ?? id);
  const name = workload === undefined
    ? app.name
    : workload.kind === "StatefulSet"
    ? `${workload.name}-${ordinal ?? 0}`
    : workload.kind === "Deployment"
    ? `${workload.name}-${templateHash(draft.seed, id, workload.revision)}-${newSuffix(draft)}`
    : `${workload.name}-${newSuffix(draft)}`;
  const pod: SimPod = {
    uid: newUid(draft),
    namespace: app.namespace,
    name,
    owner: workload === undefined ? undefined : id,
    app: workload?.app ?? id,
    release: workload?.release ?? 1,
    revision: workload?.revision ?? 1,
    bornAt: draft.now,
    node: undefined,
    stage: "pending",
    since: draft.now,
    reason: "",
    ready: false,
    restarts: 0,
    lastEnd: undefined,
    endingSince: undefined,
  };
  draft.pods.set(pod.uid, pod);
  if (workload !== undefined) {
    say(draft, workloadAbout(workload), {
      reason: "SuccessfulCreate",
      message: `Created pod: ${name}`,
    });
  }
  // The DaemonSet controller chooses the node itself.
  return node === undefined ? pod : placePod(draft, pod, node);
}

/** Binds a pod to a node. */
export function placePod(draft: Draft, pod: SimPod, node: string): SimPod {
  say(draft, podAbout(pod), {
    reason: "Scheduled",
    message: `Successfully assigned ${pod.namespace}/${pod.name} to ${node}`,
  });
  return changePod(draft, pod, { node, stage: "creating", since: draft.now, reason: "" });
}

/** Asks a pod to end; it takes its kubelet a moment. */
export function endPod(draft: Draft, pod: SimPod): void {
  if (pod.endingSince !== undefined) return;
  if (pod.node === undefined || pod.stage === "ended") {
    draft.pods.delete(pod.uid);
    return;
  }
  changePod(draft, pod, { endingSince: draft.now });
  say(draft, podAbout(pod), {
    reason: "Killing",
    message: `Stopping container ${appOf(pod.app).name}`,
  });
}

/** A workload as events speak of it. */
export function workloadAbout({ kind, namespace, name, uid }: SimWorkload) {
  return { kind, namespace, name, uid };
}
