/**
 * The objects of the made-up home: manifests, as an API server would have them.
 *
 * @module
 */

import { FLUX_PATHS } from "../gitops/flux/flux_status.ts";
import { type App, type Machine, MACHINES, suffix, table, uid } from "./tables.ts";

/** A node. All times are milliseconds since the epoch. */
export const newNode = (machine: Machine, uid: string, bornAt: number) => {
  return { machine, uid, bornAt, cordoned: false, ready: true, readySince: bornAt };
};

/** What keeps pods: a release or a restart of it is a new revision. */
export const newWorkload = (app: App, uid: string, bornAt: number) => {
  return { app, uid, bornAt, replicas: app.nodes.length, revision: 1 };
};

export type HomeNode = Readonly<ReturnType<typeof newNode>>;
export type HomeWorkload = Readonly<ReturnType<typeof newWorkload>>;

/** Stages of a pod's life: why it waits in it, in which words, and the event that says them. */
const STAGES = {
  pending: "Unschedulable | No node is ready and takes it | FailedScheduling | Warning",
  creating: "ContainerCreating",
  running: " | Started container NAME | Started | Normal",
  ready: "",
  crashed: "CrashLoopBackOff | Back-off restarting failed container NAME | BackOff | Warning",
  failing: 'ErrImagePull | Failed to pull image "IMAGE": not found | Failed | Warning',
  unpulled: 'ImagePullBackOff | Back-off pulling image "IMAGE" | BackOff | Normal',
  ended: "",
};

/** A stage of a pod's life. */
export type Stage = keyof typeof STAGES;

/** What is said of the stage of a pod. */
export function wordsOf({ app, stage }: Pick<HomePod, "app" | "stage">) {
  const row = STAGES[stage].replace("NAME", app.name).replace("IMAGE", app.image);
  return table(["reason", "message", "event", "type"], [], row)[0]!;
}

/** A pod with its one container, in a slot of its owner: a number, or the name of a node. */
export interface HomePod {
  readonly app: App;
  readonly owner: HomeWorkload | undefined;
  readonly uid: string;
  readonly bornAt: number;
  readonly name: string;
  readonly slot: string;
  readonly node?: string;
  readonly stage: Stage;
  /** The beginning of the stage; of one that is ready, of its run. */
  readonly since: number;
  readonly restarts: number;
  readonly lastEnd?: { readonly startedAt: number; readonly endedAt: number };
  readonly endingSince?: number;
}

type Part = Readonly<Record<string, unknown>>;
type Identity = Pick<HomePod, "name" | "uid" | "bornAt"> & { readonly namespace?: string };

/** An object, as far as it is looked into here. */
export type Json = Part & {
  readonly kind: string;
  readonly metadata: { readonly uid: string; readonly name: string; readonly namespace?: string };
};

const labelsOf = ({ name }: Pick<App, "name">) => ({ "app.kubernetes.io/name": name });

/** A moment as the API writes it. */
export function iso(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/** A condition of any object, and `Reason: message`; undefined means unknown. */
export function condition(type: string, holds: boolean | undefined, why: string, at: number) {
  const [reason = "", message = ""] = why.split(/: ([^]*)/);
  const status = holds === undefined ? "Unknown" : holds ? "True" : "False";
  return { type, status, reason, message, lastTransitionTime: iso(at) };
}

function apiOf(kind: string): string {
  if (/^(Node|Pod|Service|Event)$/.test(kind)) return "v1";
  if (kind.endsWith("Job")) return "batch/v1";
  return FLUX_PATHS[kind as "Kustomization"]?.group ?? "apps/v1";
}

/** Any object. */
export function manifest(kind: string, own: Identity, more: Part, rest: Part): Json {
  const { name, namespace, uid, bornAt } = own;
  const place = namespace === undefined ? {} : { namespace };
  const metadata = { name, ...place, uid, creationTimestamp: iso(bornAt), ...more };
  return { apiVersion: apiOf(kind), kind, metadata, ...rest };
}

const SILENT = "NodeStatusUnknown: Kubelet stopped posting node status.";
const HEALTHY = Object.entries({
  MemoryPressure: "KubeletHasSufficientMemory: kubelet has sufficient memory available",
  DiskPressure: "KubeletHasNoDiskPressure: kubelet has no disk pressure",
  PIDPressure: "KubeletHasSufficientPID: kubelet has sufficient PID available",
  Ready: "KubeletReady: kubelet is posting ready status",
});

/** A Node. */
export function nodeJson({ machine, uid, bornAt, cordoned, ready, readySince }: HomeNode): Json {
  const { name, ip, isServer, allocatable, cpu, memory, disk, nodeInfo } = machine;
  const role = isServer ? { "node-role.kubernetes.io/control-plane": "true" } : {};
  const labels = { "kubernetes.io/arch": nodeInfo.architecture, ...role, ...machine.labels };
  const conditions = HEALTHY.map(([type, why]) => {
    const isReady = type === "Ready";
    const since = isReady || !ready ? readySince : bornAt;
    return condition(type, ready ? isReady : undefined, ready ? why : SILENT, since);
  });
  const why = [...(cordoned ? ["unschedulable"] : []), ...(ready ? [] : ["unreachable"])];
  const taints = why.map((key) => ({ key: `node.kubernetes.io/${key}`, effect: "NoSchedule" }));
  const amounts = (cpu: number, memory: string, gibibytes: number) => {
    return { cpu, memory, pods: 110, "ephemeral-storage": `${Math.floor(gibibytes)}Gi` };
  };
  return manifest("Node", { name, uid, bornAt }, { labels }, {
    spec: { unschedulable: cordoned, taints: [...machine.taints, ...taints] },
    status: {
      addresses: [{ type: "InternalIP", address: ip }, { type: "Hostname", address: name }],
      capacity: amounts(cpu, `${memory}Gi`, disk),
      allocatable: amounts(allocatable.cpu, `${allocatable.mib}Mi`, disk * 0.95),
      conditions,
      nodeInfo,
    },
  });
}

/** What the labels of a workload's pods carry, of one revision. */
export function templateHash(seed: number, { app, revision }: HomeWorkload): string {
  return suffix(seed, `${app.namespace}/${app.name} revision ${revision}`, 10);
}

function podSpec({ kind, name, image, cpu, mib, service, needs }: App): Part {
  const requests = { cpu: `${Math.round(cpu * 1000)}m`, memory: `${mib}Mi` };
  const resources = { requests, limits: { memory: `${mib * 2}Mi` } };
  const ports = service && [{ name: "main", containerPort: service.port }];
  return {
    containers: [{ name, image, ports, resources }],
    volumes: [{ name: "tmp", emptyDir: {} }],
    serviceAccountName: "default",
    nodeSelector: needs === "-" ? {} : { [needs]: "true" },
    restartPolicy: kind.endsWith("Job") ? "Never" : "Always",
  };
}

/** A Pod. */
export function podJson(pod: HomePod, ready: boolean, seed: number): Json {
  const { app, owner, node, stage, bornAt, since, lastEnd } = pod;
  const { reason, message } = wordsOf(pod);
  const { name, namespace, kind, image } = app;
  const hash = owner && templateHash(seed, owner);
  const set = `${name}-${hash}`;
  const [maker, label] = kind === "Deployment"
    ? [{ kind: "ReplicaSet", name: set, uid: uid(seed, set) }, "pod-template-hash"]
    : [{ kind, name, uid: owner?.uid }, "controller-revision-hash"];
  const metadata = {
    labels: { ...labelsOf(app), [label]: hash },
    ownerReferences: owner && [{ apiVersion: apiOf(maker.kind), ...maker, controller: true }],
    deletionTimestamp: pod.endingSince && iso(pod.endingSince + 30_000),
  };
  const machine = MACHINES.find(({ name }) => name === node);
  const unready = ready ? "" : stage === "ended" ? "PodCompleted" : "ContainersNotReady";
  const conditions = [
    condition("PodScheduled", !!machine, machine ? "" : `${reason}: ${message}`, bornAt),
    condition("ContainersReady", ready, unready, since),
    condition("Ready", ready, unready, since),
  ];
  const end = stage === "ended"
    ? { exitCode: 0, reason: "Completed" }
    : { exitCode: 1, reason: "Error" };
  const [startedAt, finishedAt] = [lastEnd?.startedAt, lastEnd?.endedAt].map((at) => at && iso(at));
  const terminated = lastEnd && { ...end, startedAt, finishedAt };
  const [phase, state, lastState] = stage === "ended"
    ? ["Succeeded", { terminated }, {}]
    : reason !== ""
    ? [terminated ? "Running" : "Pending", { waiting: { reason, message } }, { terminated }]
    : ["Running", { running: { startedAt: iso(since) } }, { terminated }];
  const placed = machine && {
    hostIP: machine.ip,
    podIP: `${machine.subnet}.${2 + parseInt(pod.uid.slice(0, 4), 16) % 250}`,
    containerStatuses: [{ name, image, ready, restartCount: pod.restarts, state, lastState }],
  };
  return manifest("Pod", { ...pod, namespace }, metadata, {
    spec: { nodeName: node, ...podSpec(app) },
    status: { phase, startTime: iso(bornAt), conditions, ...placed },
  });
}

/**
 * A Deployment, StatefulSet, DaemonSet, Job or CronJob; its status counts its pods, in the words of
 * all of the first three.
 */
export function workloadJson(
  { app, revision, bornAt, uid }: HomeWorkload,
  pods: readonly HomePod[],
  { ready, wanted }: Readonly<Record<"ready" | "wanted", number>>,
): Json {
  const { name, namespace, kind } = app;
  const labels = labelsOf(app);
  const template = { metadata: { labels }, spec: podSpec(app) };
  const updated = pods.filter((pod) => pod.owner?.revision === revision).length;
  const said = `MinimumReplicas${ready >= wanted ? "A" : "Una"}vailable`;
  const job = { completions: 1, backoffLimit: 6, template };
  const complete = condition("Complete", true, "CompletionsReached", bornAt);
  const [spec, status] = kind === "CronJob"
    ? [{ schedule: "0 3 * * *", concurrencyPolicy: "Forbid", jobTemplate: { spec: job } }, {}]
    : kind === "Job"
    ? [job, { succeeded: 1, startTime: iso(bornAt), conditions: [complete] }]
    : [{ replicas: wanted, selector: { matchLabels: labels }, template }, {
      observedGeneration: revision,
      replicas: pods.length,
      updatedReplicas: updated,
      updatedNumberScheduled: updated,
      readyReplicas: ready,
      availableReplicas: ready,
      numberReady: ready,
      numberAvailable: ready,
      desiredNumberScheduled: wanted,
      updateRevision: `${name}-${revision}`,
      currentRevision: `${name}-${updated < wanted ? revision - 1 : revision}`,
      conditions: [condition("Available", ready >= wanted, said, bornAt)],
    }];
  const more = { generation: revision, labels };
  return manifest(kind, { name, namespace, uid, bornAt }, more, { spec, status });
}

/** The Service of an app. */
export function serviceJson(app: App, uid: string, index: number, bornAt: number): Json {
  const { type, port = 0 } = app.service ?? {};
  const nodePort = type === "ClusterIP" ? undefined : 30_000 + port % 2768;
  const ports = [{ name: "main", port, targetPort: "main", protocol: "TCP", nodePort }];
  const clusterIP = app.kind === "StatefulSet" ? "None" : `10.43.0.${10 + index}`;
  const labels = labelsOf(app);
  const spec = { type, clusterIP, selector: labels, ports };
  return manifest("Service", { ...app, uid, bornAt }, { labels }, { spec });
}
