/**
 * Deployments, StatefulSets and DaemonSets: each second a step towards what is wanted, by the
 * rules of Kubernetes as far as they are seen from outside.
 *
 * @module
 */

import { type Draft, say, type SimPod, type SimWorkload, type WorkloadStatus } from "./model.ts";
import { activePods, endPod, makePod, podsOf, templateHash, workloadAbout } from "./pods.ts";
import { appOf } from "./apps.ts";

/** One step of every workload, and what is to be said of it. */
export function stepWorkloads(draft: Draft): void {
  for (const [id, workload] of draft.workloads) {
    release(draft, id, workload);
    const current = draft.workloads.get(id)!;
    if (current.kind === "Deployment") stepDeployment(draft, id, current);
    else if (current.kind === "StatefulSet") stepStatefulSet(draft, id, current);
    else if (current.kind === "DaemonSet") stepDaemonSet(draft, id, current);
    else continue;
    report(draft, id, current);
  }
}

/** Somebody pushes a new release every so often, while the last one is rolled out. */
function release(draft: Draft, id: string, workload: SimWorkload): void {
  const every = appOf(workload.app).releasedEvery;
  if (every === undefined || workload.kind !== "Deployment") return;
  const seconds = Math.round((draft.now - draft.startedAt) / 1000);
  if (seconds === 0 || seconds % every !== 0 || workload.replicas === 0) return;
  const { status } = workload;
  if (status.updated < workload.replicas || status.pods > status.updated) return;
  draft.workloads.set(id, {
    ...workload,
    release: workload.release + 1,
    revision: workload.revision + 1,
    generation: workload.generation + 1,
  });
  say(draft, workloadAbout(workload), {
    reason: "ScalingReplicaSet",
    message: `Scaled up replica set ${workload.name}-${
      templateHash(draft.seed, id, workload.revision + 1)
    } from 0 to 1`,
  });
}

/** A pod more than wanted may be there, none fewer may be ready (25 % of a few pods). */
function stepDeployment(draft: Draft, id: string, workload: SimWorkload): void {
  const pods = activePods(draft, id);
  const fresh = pods.filter(({ revision }) => revision === workload.revision);
  const old = pods.filter(({ revision }) => revision !== workload.revision);
  const extra = Math.max(0, fresh.length - workload.replicas);
  for (const pod of worstFirst(fresh).slice(0, extra)) {
    endPod(draft, pod);
  }
  const missing = workload.replicas - fresh.length;
  const room = workload.replicas + (old.length > 0 ? 1 : 0) - pods.length;
  for (let count = 0; count < Math.min(missing, room); count++) makePod(draft, id);
  const idle = worstFirst(old)[0];
  if (idle === undefined) return;
  const ready = pods.filter((pod) => pod.ready).length;
  if (!idle.ready || ready > workload.replicas || workload.replicas === 0) endPod(draft, idle);
}

/** One after the other, by number; replaced from the last to the first. */
function stepStatefulSet(draft: Draft, id: string, workload: SimWorkload): void {
  const all = podsOf(draft, id);
  const byOrdinal = (ordinal: number) => all.find(({ name }) => name.endsWith(`-${ordinal}`));
  const extra = all.find(({ name }) => Number(name.split("-").at(-1)) >= workload.replicas);
  if (extra !== undefined) return endPod(draft, extra);
  for (let ordinal = 0; ordinal < workload.replicas; ordinal++) {
    const pod = byOrdinal(ordinal);
    if (pod === undefined) return void makePod(draft, id, { ordinal });
    if (pod.endingSince !== undefined || !pod.ready) return;
  }
  for (let ordinal = workload.replicas - 1; ordinal >= 0; ordinal--) {
    const pod = byOrdinal(ordinal);
    if (pod !== undefined && pod.revision !== workload.revision) return endPod(draft, pod);
  }
}

/** One on each node, cordoned or not; replaced one at a time. */
function stepDaemonSet(draft: Draft, id: string, workload: SimWorkload): void {
  const pods = podsOf(draft, id);
  for (const node of draft.nodes.values()) {
    if (node.ready && !pods.some((pod) => pod.node === node.name)) {
      makePod(draft, id, { node: node.name });
    }
  }
  if (
    pods.some(({ endingSince, ready, node }) =>
      endingSince !== undefined || (!ready && draft.nodes.get(node ?? "")?.ready)
    )
  ) return;
  const old = pods.find(({ revision, node }) =>
    revision !== workload.revision && draft.nodes.get(node ?? "")?.ready
  );
  if (old !== undefined) endPod(draft, old);
}

/** Writes down what is there, where that changed. */
function report(draft: Draft, id: string, workload: SimWorkload): void {
  const pods = activePods(draft, id);
  const status: WorkloadStatus = {
    generation: workload.generation,
    pods: pods.length,
    updated: pods.filter(({ revision }) => revision === workload.revision).length,
    ready: pods.filter(({ ready }) => ready).length,
    wanted: workload.kind === "DaemonSet" ? draft.nodes.size : workload.replicas,
  };
  const before = workload.status;
  const same = (Object.keys(status) as (keyof WorkloadStatus)[])
    .every((key) => status[key] === before[key]);
  if (!same) draft.workloads.set(id, { ...workload, status });
}

/** Those that are not ready first, then the youngest. */
function worstFirst(pods: readonly SimPod[]): SimPod[] {
  return [...pods].sort((a, b) => Number(a.ready) - Number(b.ready) || b.bornAt - a.bornAt);
}
