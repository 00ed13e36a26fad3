/**
 * Pods as an API server sends them.
 *
 * @module
 */

import { appOf } from "./apps.ts";
import { backOffSeconds, imageOf, pullWords } from "./kubelets.ts";
import { machine } from "./machines.ts";
import type { ContainerEnd, SimPod } from "./model.ts";
import { fraction, uid } from "./noise.ts";
import { iso, metadata, podSpecJson, selectorOf } from "./object_json.ts";
import { templateHash } from "./pods.ts";

/** A Pod (core/v1). Follows from the record alone. */
export function podJson(pod: SimPod, { seed }: { readonly seed: number }): Record<string, unknown> {
  const app = appOf(pod.app);
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      ...metadata(pod, { bornAt: pod.bornAt }),
      ...(pod.endingSince === undefined ? {} : {
        deletionTimestamp: iso(pod.endingSince + 30_000),
        deletionGracePeriodSeconds: 30,
      }),
      ...ownerJson(pod, { seed }),
    },
    spec: {
      ...podSpecJson(app, imageOf(pod)),
      ...(pod.node === undefined ? {} : { nodeName: pod.node }),
    },
    status: statusJson(pod, { seed }),
  };
}

function ownerJson({ owner, revision, app, name }: SimPod, { seed }: { readonly seed: number }) {
  const labels = selectorOf(appOf(app));
  if (owner === undefined) return { labels };
  const [kind = "", path = ""] = owner.split(" ");
  const ownName = path.slice(path.indexOf("/") + 1);
  const hash = templateHash(seed, owner, revision);
  const controller = { controller: true, blockOwnerDeletion: true };
  const owned = (apiVersion: string, kind: string, name: string) => [
    { apiVersion, kind, name, uid: uid(seed, `owner ${owner} ${name}`), ...controller },
  ];
  switch (kind) {
    case "Deployment":
      return {
        labels: { ...labels, "pod-template-hash": hash },
        ownerReferences: owned("apps/v1", "ReplicaSet", `${ownName}-${hash}`),
      };
    case "Job":
      return {
        labels: { ...labels, "batch.kubernetes.io/job-name": ownName },
        ownerReferences: owned("batch/v1", "Job", ownName),
      };
    default:
      return {
        labels: {
          ...labels,
          "controller-revision-hash": hash,
          ...(kind === "StatefulSet"
            ? { "apps.kubernetes.io/pod-index": name.split("-").at(-1) ?? "0" }
            : {}),
        },
        ownerReferences: owned("apps/v1", kind, ownName),
      };
  }
}

function statusJson(pod: SimPod, { seed }: { readonly seed: number }) {
  const { stage, node, bornAt, since, ready, reason } = pod;
  if (stage === "pending") {
    const condition = { type: "PodScheduled", status: "False", reason: "Unschedulable" };
    return {
      phase: "Pending",
      qosClass: "Burstable",
      ...(reason === "" ? {} : {
        conditions: [{ ...condition, message: reason, lastTransitionTime: iso(bornAt) }],
      }),
    };
  }
  const phase = stage === "ended" ? "Succeeded" : stage === "creating" ? "Pending" : "Running";
  const holds = (type: string, value: boolean, at: number) => ({
    type,
    status: value ? "True" : "False",
    ...(value || stage === "ended" ? {} : { reason: "ContainersNotReady" }),
    lastTransitionTime: iso(at),
  });
  const started = pod.lastEnd !== undefined || stage === "running";
  return {
    phase: stage === "waiting" && !started ? "Pending" : phase,
    qosClass: "Burstable",
    hostIP: machine(node!).ip,
    ...(stage === "creating" ? {} : { podIP: podIp(pod, seed) }),
    startTime: iso(bornAt),
    conditions: [
      holds("PodScheduled", true, bornAt),
      holds("Initialized", true, bornAt),
      holds("ContainersReady", ready, since),
      holds("Ready", ready, since),
    ],
    containerStatuses: [containerStatusJson(pod, { seed })],
  };
}

function containerStatusJson(pod: SimPod, { seed }: { readonly seed: number }) {
  const { stage, ready, restarts, lastEnd, since } = pod;
  const id = (run: number) => `containerd://${uid(seed, `${pod.uid} ${run}`).replaceAll("-", "")}`;
  const ended = (end: ContainerEnd, run: number) => ({
    terminated: {
      exitCode: end.exitCode,
      reason: end.exitCode === 0 ? "Completed" : "Error",
      startedAt: iso(end.startedAt),
      finishedAt: iso(end.endedAt),
      containerID: id(run),
    },
  });
  const state = stage === "creating"
    ? { waiting: { reason: "ContainerCreating" } }
    : stage === "waiting"
    ? { waiting: { reason: pod.reason, message: waitingWords(pod) } }
    : stage === "ended" && lastEnd !== undefined
    ? ended(lastEnd, restarts)
    : { running: { startedAt: iso(since) } };
  const image = imageOf(pod);
  return {
    name: appOf(pod.app).name,
    image,
    ready,
    started: stage === "running",
    restartCount: restarts,
    state,
    lastState: lastEnd === undefined || stage === "ended" ? {} : ended(lastEnd, restarts - 1),
  };
}

function waitingWords(pod: SimPod): string {
  if (pod.reason === "CrashLoopBackOff") {
    const { name } = appOf(pod.app);
    return `back-off ${backOffSeconds(pod)}s restarting failed container=${name} ` +
      `pod=${pod.name}_${pod.namespace}(${pod.uid})`;
  }
  return pod.reason === "ImagePullBackOff"
    ? `Back-off pulling image "${imageOf(pod)}"`
    : pullWords(pod);
}

function podIp({ uid, node }: SimPod, seed: number): string {
  const subnet = Number(machine(node!).ip.split(".").at(-1)) - 1;
  return `10.42.${subnet}.${2 + Math.floor(fraction(seed, `ip ${uid}`) * 250)}`;
}
