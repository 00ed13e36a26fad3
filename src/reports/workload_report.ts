/**
 * What runs in a cluster with its pods and health, and all of it as rows of one kind.
 *
 * @module
 */

import type { ClusterState, CollectionName } from "../cluster/watch/cluster_state.ts";
import type {
  ClusterPod,
  Owner,
  Problem,
  Workload,
  WorkloadKind,
} from "../cluster/read/objects.ts";
import { isStarting } from "../cluster/read/pod_problem.ts";
import { byNamespaceAndName } from "./by_name.ts";
import { type Health, healthOf, isTrouble, type PodCount } from "./health.ts";
import type { ObjectReference } from "../cluster/api/requests.ts";
import {
  activePods,
  hasEnded,
  type PodIndex,
  podIndex,
  problemOf,
  restartsOf,
} from "./pod_index.ts";
import { serviceReports } from "./service_report.ts";

/** A Deployment, StatefulSet, DaemonSet, CronJob, or a Job that no CronJob made. */
export interface WorkloadReport {
  readonly workload: Workload;
  readonly pods: PodCount;
  readonly health: Health;
  /** Why pods wait or fail, else what its controller says; undefined where nothing is wrong. */
  readonly problem: Problem | undefined;
  /** Of its pods' containers; undefined where pods are not known. */
  readonly restarts: number | undefined;
}

/** Kinds of things that are listed as what runs in the cluster. */
export type LiveKind = WorkloadKind | "Service" | "Pod";

/** One row of what runs in the cluster. */
export interface LiveWorkload {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly kind: LiveKind;
  /** Undefined where they are not known, or there are none by design. */
  readonly pods: PodCount | undefined;
  readonly health: Health;
  readonly problem: Problem | undefined;
  readonly restarts: number | undefined;
  /** ISO 8601. */
  readonly createdAt: string | undefined;
  readonly reference: ObjectReference;
}

/** The collection each kind lies in. */
export const WORKLOAD_COLLECTIONS = {
  Deployment: "deployments",
  StatefulSet: "statefulSets",
  DaemonSet: "daemonSets",
  Job: "jobs",
  CronJob: "cronJobs",
} as const satisfies Record<WorkloadKind, CollectionName>;

/** What a Deployment says while pods are not ready yet: a consequence, never a cause. */
const TOO_FEW = "MinimumReplicasUnavailable";

/** Every workload once, by namespace and name; Jobs of a CronJob are part of it. */
export function workloadReports(cluster: ClusterState): WorkloadReport[] {
  const index = cluster.pods && podIndex(cluster.pods);
  const jobsByOwner = Map.groupBy(
    [...cluster.jobs?.values() ?? []].filter(({ owner }) => owner?.kind === "CronJob"),
    ({ namespace, owner }) => `${namespace}/${owner?.name}`,
  );
  return workloadsOf(cluster)
    .filter(({ kind, owner }) => kind !== "Job" || owner?.kind !== "CronJob")
    .sort(byNamespaceAndName)
    .map((workload) => {
      const jobs = jobsByOwner.get(`${workload.namespace}/${workload.name}`) ?? [];
      return report(workload, { jobs, index });
    });
}

function workloadsOf(cluster: ClusterState): Workload[] {
  return Object.values(WORKLOAD_COLLECTIONS)
    .flatMap((collection) => [...cluster[collection]?.values() ?? []]);
}

/** A workload by name. */
type Named = Pick<Workload, "kind" | "namespace" | "name">;

/** One workload, also a Job of a CronJob; undefined where it is not known. */
export function workloadReport(
  cluster: ClusterState,
  { kind, namespace, name }: Named,
): WorkloadReport | undefined {
  const workload = cluster[WORKLOAD_COLLECTIONS[kind]]?.values()
    .find((each) => each.name === name && each.namespace === namespace);
  const index = cluster.pods && podIndex(cluster.pods);
  return workload && report(workload, { jobs: jobsOf(cluster, workload), index });
}

/** Jobs that a CronJob made, the latest first; of anything else none. */
export function jobsOf(
  cluster: ClusterState,
  { kind, namespace, name }: Named,
): readonly Workload[] {
  if (kind !== "CronJob") return [];
  return [...cluster.jobs?.values() ?? []].filter((job) =>
    job.namespace === namespace && job.owner?.kind === kind && job.owner.name === name
  ).sort((a, b) => (a.createdAt ?? "") < (b.createdAt ?? "") ? 1 : -1);
}

/**
 * All that runs, what is in trouble first, then by namespace and name.
 *
 * Pods are rows of their own where nothing that is listed keeps them: without an owner, owned by
 * something this tool does not know, or by something that may not be listed.
 *
 * @param options.refused collections that could not be listed; of others that are not there yet it
 *   is too early to say that nothing of them owns a pod
 */
export function liveWorkloads(
  cluster: ClusterState,
  { refused }: { readonly refused: { has(collection: string): boolean } },
): LiveWorkload[] {
  const services = (serviceReports(cluster) ?? []).map(
    ({ service, pods, health, problem, restarts }) =>
      row(service, { kind: "Service", pods, health, problem, restarts }),
  );
  const workloads = workloadReports(cluster).map(({ workload, ...standing }) =>
    row(workload, { kind: workload.kind, ...standing })
  );
  const pods = cluster.pods === undefined ? [] : [
    ...podIndex(cluster.pods).ownerless(),
    ...keptByNobody(cluster, { index: podIndex(cluster.pods), refused }),
  ].map(podRow);
  const rows = [...services, ...workloads, ...pods].sort(byNamespaceAndName);
  return [
    ...rows.filter(({ health }) => isTrouble(health)),
    ...rows.filter(({ health }) => !isTrouble(health)),
  ];
}

function row(
  { uid, namespace, name, createdAt }: Pick<Workload, "uid" | "namespace" | "name" | "createdAt">,
  rest: Pick<LiveWorkload, "kind" | "pods" | "health" | "problem" | "restarts">,
): LiveWorkload {
  const reference = { kind: rest.kind, namespace, name };
  return { uid, namespace, name, createdAt, reference, ...rest };
}

function podRow(pod: ClusterPod): LiveWorkload {
  const good = pod.ready || pod.phase === "Succeeded";
  return row(pod, {
    kind: "Pod",
    pods: { ready: good ? 1 : 0, wanted: 1 },
    health: podHealth(pod),
    problem: good ? undefined : pod.problem,
    restarts: pod.restarts,
  });
}

function podHealth({ phase, ready, containers, problem }: ClusterPod): Health {
  if (phase === "Succeeded") return "Complete";
  if (phase === "Failed") return "Failed";
  if (phase === "Unknown") return "Unknown";
  if (ready) return "Healthy";
  return containers.ready > 0 && problem === undefined ? "Degraded" : "Down";
}

/** Pods whose owner is nothing that is listed, and which still do something. */
function keptByNobody(
  cluster: ClusterState,
  { index, refused }: {
    readonly index: PodIndex;
    readonly refused: { has(collection: string): boolean };
  },
): ClusterPod[] {
  const nameOf = ({ kind, namespace, name }: Owner & { readonly namespace: string }) =>
    `${kind} ${namespace}/${name}`;
  const known = new Set(workloadsOf(cluster).map(nameOf));
  const found: ClusterPod[] = [];
  for (const owned of index.owned()) {
    const collection =
      (WORKLOAD_COLLECTIONS as Readonly<Record<string, CollectionName>>)[owned.kind];
    if (collection !== undefined && cluster[collection] === undefined) {
      if (!refused.has(collection)) continue;
    } else if (known.has(nameOf(owned))) continue;
    found.push(...activePods(owned.pods));
  }
  return found;
}

/** What is needed to tell how a workload stands. */
interface Surroundings {
  /** Those it made. */
  readonly jobs: readonly Workload[];
  readonly index: PodIndex | undefined;
}

function report(workload: Workload, around: Surroundings): WorkloadReport {
  return workload.kind === "CronJob"
    ? cronJobReport(workload, around)
    : podsReport(workload, around);
}

function podsReport(workload: Workload, { index }: Surroundings): WorkloadReport {
  const pods = { ready: workload.ready, wanted: workload.wanted };
  const mine = index?.ofOwner(workload);
  const active = activePods(mine ?? []);
  const ofPods = problemOf(workload.phase === "failed" ? mine ?? [] : active);
  const cause = (ofPods && isStarting(ofPods) ? undefined : ofPods) ??
    (workload.problem?.reason === TOO_FEW ? undefined : workload.problem);
  const health = workload.kind === "Job" ? jobHealth(workload, cause) : healthOf(pods, cause);
  const ill = isTrouble(health) || health === "Running";
  return {
    workload,
    pods,
    health,
    problem: ill ? cause ?? ofPods ?? workload.problem : undefined,
    restarts: mine && restartsOf(active),
  };
}

function jobHealth({ phase }: Workload, problem: Problem | undefined): Health {
  switch (phase) {
    case "complete":
      return "Complete";
    case "failed":
      return "Failed";
    case "suspended":
      return "Suspended";
    default:
      return problem === undefined ? "Running" : "Degraded";
  }
}

/** A CronJob stands as its latest Job does. */
function cronJobReport(workload: Workload, { jobs, index }: Surroundings): WorkloadReport {
  const pods = { ready: workload.ready, wanted: workload.wanted };
  const latest = jobs.reduce<Workload | undefined>(
    (last, job) => (job.createdAt ?? "") > (last?.createdAt ?? "") ? job : last ?? job,
    undefined,
  );
  const ofLatest = latest && podsReport(latest, { jobs: [], index });
  const restarts = index && jobs.reduce(
    (sum, job) => sum + restartsOf(index.ofOwner(job).filter((pod) => !hasEnded(pod))),
    0,
  );
  const suspended = workload.phase === "suspended";
  const ill = ofLatest !== undefined && isTrouble(ofLatest.health);
  const health = suspended
    ? "Suspended"
    : ill
    ? ofLatest.health
    : ofLatest?.health === "Running" || workload.wanted > 0
    ? "Running"
    : "Idle";
  const problem = suspended ? undefined : ofLatest?.problem ?? workload.problem;
  return { workload, pods, health, problem, restarts };
}
