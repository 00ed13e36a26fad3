/**
 * The objects of the made-up home: manifests, as an API server would have them.
 *
 * @module
 */

import { FLUX_PATHS } from "../gitops/flux/flux_status.ts";
import { suffix, uid } from "./chance.ts";
import { type App, K3S_VERSION, type Machine, MACHINES } from "./tables.ts";

/** A node. All times are milliseconds since the epoch. */
export const newNode = (machine: Machine, uid: string, bornAt: number) => {
  return { machine, uid, bornAt, cordoned: false, ready: true, readySince: bornAt };
};

/** What keeps pods: a release or a restart of it is a new revision. */
export const newWorkload = (app: App, uid: string, bornAt: number) => {
  const restartedAt = undefined as string | undefined;
  return { app, uid, bornAt, replicas: app.nodes.length, revision: 1, restartedAt };
};

/** A pod with its one container, in a slot of its owner: a number, or the name of a node. */
export const newPod = (app: App, owner: HomeWorkload | undefined, uid: string, bornAt: number) => {
  const stage = "waiting" as "waiting" | "running" | "ended";
  const [node, endingSince] = [undefined as string | undefined, undefined as number | undefined];
  const lastEnd = undefined as { readonly startedAt: number; readonly endedAt: number } | undefined;
  const status = { stage, since: bornAt, reason: "", message: "", ready: false, restarts: 0 };
  return {
    app,
    owner,
    uid,
    bornAt,
    name: app.name,
    slot: "0",
    node,
    endingSince,
    lastEnd,
    ...status,
  };
};

export type HomeNode = Readonly<ReturnType<typeof newNode>>;
export type HomeWorkload = Readonly<ReturnType<typeof newWorkload>>;
export type HomePod = Readonly<ReturnType<typeof newPod>>;

/** An object, as far as it is looked into here. */
export interface Json {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace: string | undefined };
  readonly [member: string]: unknown;
}

type Part = Readonly<Record<string, unknown>>;

const subnet = ({ ip }: Machine) => Number(ip.split(".").at(-1)) - 1;
const labelsOf = ({ name }: Pick<App, "name">) => ({ "app.kubernetes.io/name": name });

/** A moment as the API writes it. */
export function iso(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/** A condition of any object, and `Reason: message`; undefined means unknown. */
export function condition(type: string, holds: boolean | undefined, why: string, at: number) {
  const [, reason, message] = /^(\w*)(?:: )?([^]*)$/.exec(why)!;
  const status = holds === undefined ? "Unknown" : holds ? "True" : "False";
  return { type, status, reason, message, lastTransitionTime: iso(at) };
}

function apiOf(kind: string): string {
  if (/^(Node|Pod|Service|Event)$/.test(kind)) return "v1";
  if (kind.endsWith("Job")) return "batch/v1";
  return FLUX_PATHS[kind as "Kustomization"]?.group ?? "apps/v1";
}

/** Any object. */
export function manifest(
  kind: string,
  { name, namespace }: { readonly name: string; readonly namespace?: string },
  { uid, bornAt }: { readonly uid: string; readonly bornAt: number },
  more: Part,
  rest: Part,
): Json {
  const metadata = { name, namespace, uid, creationTimestamp: iso(bornAt), ...more };
  return { apiVersion: apiOf(kind), kind, metadata, ...rest };
}

const ownedBy = (kind: string, name: string, uid: string) => [
  { apiVersion: apiOf(kind), kind, name, uid, controller: true, blockOwnerDeletion: true },
];

/** A Node. */
export function nodeJson(node: HomeNode): Json {
  const { machine, bornAt, cordoned, ready, readySince } = node;
  const { name, ip, gpus, allocatable, architecture, osImage, kernel } = machine;
  const role = machine.isServer ? { "node-role.kubernetes.io/control-plane": "true" } : {};
  const labels = { "kubernetes.io/arch": architecture, ...role, ...machine.labels };
  const annotations = { "k3s.io/internal-ip": ip, "k3s.io/hostname": name };
  const silent = "NodeStatusUnknown: Kubelet stopped posting node status.";
  const healthy = Object.entries({
    MemoryPressure: "KubeletHasSufficientMemory: kubelet has sufficient memory available",
    DiskPressure: "KubeletHasNoDiskPressure: kubelet has no disk pressure",
    PIDPressure: "KubeletHasSufficientPID: kubelet has sufficient PID available",
    Ready: "KubeletReady: kubelet is posting ready status",
  });
  const conditions = healthy.map(([type, why]) => {
    const isReady = type === "Ready";
    const since = isReady || !ready ? readySince : bornAt;
    return condition(type, ready ? isReady : undefined, ready ? why : silent, since);
  });
  const why = [...(cordoned ? ["unschedulable"] : []), ...(ready ? [] : ["unreachable"])];
  const taints = why.map((key) => ({ key: `node.kubernetes.io/${key}`, effect: "NoSchedule" }));
  const podCIDR = `10.42.${subnet(machine)}.0/24`;
  const spec = { podCIDR, unschedulable: cordoned, taints: [...machine.taints, ...taints] };
  const amounts = (cpu: number, memory: string, disk: number) => ({
    ...{ cpu: `${cpu}`, memory, "ephemeral-storage": `${Math.floor(disk)}Gi`, pods: "110" },
    ...(gpus > 0 ? { "nvidia.com/gpu": `${gpus}` } : {}),
  });
  const containerRuntimeVersion = "containerd://2.2.1-k3s1";
  const versions = { kubeletVersion: K3S_VERSION, containerRuntimeVersion };
  const status = {
    addresses: [{ type: "InternalIP", address: ip }, { type: "Hostname", address: name }],
    capacity: amounts(machine.cpu, `${machine.memory}Gi`, machine.disk),
    allocatable: amounts(allocatable.cpu, `${allocatable.mib}Mi`, machine.disk * 0.95),
    conditions,
    nodeInfo: { architecture, osImage, kernelVersion: kernel, ...versions },
  };
  return manifest("Node", { name }, node, { labels, annotations }, { spec, status });
}

/** What the labels of a workload's pods carry, of one revision. */
export function templateHash(seed: number, { app, revision }: HomeWorkload): string {
  return suffix(seed, `${app.namespace}/${app.name} revision ${revision}`, 10);
}

function podSpec(app: App): Part {
  const isModel = app.does === "infers";
  const gpu = isModel ? { "nvidia.com/gpu": "1" } : {};
  const ports = app.service && [{ name: "main", containerPort: app.service.port }];
  const container = {
    ...{ name: app.name, image: app.image, imagePullPolicy: "IfNotPresent", ports },
    resources: {
      requests: { cpu: `${Math.round(app.cpu * 1000)}m`, memory: `${app.mib}Mi`, ...gpu },
      limits: { memory: `${app.mib * 2}Mi`, ...gpu },
    },
    volumeMounts: [{ name: "tmp", mountPath: "/tmp" }],
    readinessProbe: ports && { tcpSocket: { port: "main" } },
  };
  const tolerates = isModel ? [{ key: "nvidia.com/gpu", operator: "Exists" }] : [];
  return {
    ...{ containers: [container], volumes: [{ name: "tmp", emptyDir: {} }] },
    ...{ serviceAccountName: "default", nodeSelector: app.needs && { [app.needs]: "true" } },
    restartPolicy: app.kind.endsWith("Job") ? "Never" : "Always",
    tolerations: app.kind === "DaemonSet" ? [{ operator: "Exists" }] : tolerates,
  };
}

/** A Pod. */
export function podJson(pod: HomePod, seed: number): Json {
  const { app, owner, node, stage, bornAt, since, ready, lastEnd, reason, message } = pod;
  const hash = owner && templateHash(seed, owner);
  const set = `${app.name}-${hash}`;
  const isOfSet = app.kind === "Deployment";
  const label = isOfSet ? "pod-template-hash" : "controller-revision-hash";
  const maker = isOfSet ? ownedBy("ReplicaSet", set, uid(seed, set)) : undefined;
  const metadata = {
    labels: { ...labelsOf(app), [label]: hash },
    ownerReferences: maker ?? (owner && ownedBy(app.kind, app.name, owner.uid)),
    deletionTimestamp: pod.endingSince && iso(pod.endingSince + 30_000),
  };
  const machine = MACHINES.find(({ name }) => name === node);
  const why = ready ? "" : stage === "ended" ? "PodCompleted" : "ContainersNotReady";
  const conditions = [
    condition("PodScheduled", !!machine, machine ? "" : `${reason}: ${message}`, bornAt),
    condition("ContainersReady", ready, why, since),
    condition("Ready", ready, why, since),
  ];
  const terminated = lastEnd && {
    ...(stage === "ended"
      ? { exitCode: 0, reason: "Completed" }
      : { exitCode: 1, reason: "Error" }),
    ...{ startedAt: iso(lastEnd.startedAt), finishedAt: iso(lastEnd.endedAt) },
  };
  const states = {
    waiting: { phase: terminated ? "Running" : "Pending", state: { waiting: { reason, message } } },
    running: { phase: "Running", state: { running: { startedAt: iso(since) } } },
    ended: { phase: "Succeeded", state: { terminated } },
  };
  const { phase, state } = states[stage];
  const container = {
    ...{ name: app.name, image: app.image, ready, state },
    ...{ restartCount: pod.restarts, lastState: stage === "ended" ? {} : { terminated } },
  };
  const last = 2 + parseInt(pod.uid.slice(0, 4), 16) % 250;
  const placed = machine && {
    ...{ hostIP: machine.ip, podIP: `10.42.${subnet(machine)}.${last}` },
    containerStatuses: [container],
  };
  return manifest("Pod", { ...app, name: pod.name }, pod, metadata, {
    spec: { nodeName: node, ...podSpec(app) },
    status: { phase, startTime: iso(bornAt), conditions, ...placed },
  });
}

/** A Deployment, StatefulSet, DaemonSet, Job or CronJob; its status counts its pods. */
export function workloadJson(workload: HomeWorkload, all: readonly HomePod[], wanted: number) {
  const { app: { kind, name }, revision, restartedAt, bornAt, uid } = workload;
  const pods = all.filter(({ endingSince }) => endingSince === undefined);
  const [count, ready] = [pods.length, pods.filter((pod) => pod.ready).length];
  const updated = pods.filter((pod) => pod.owner?.revision === revision).length;
  const full = ready >= wanted;
  const seen = { observedGeneration: revision };
  const counts = { replicas: count, updatedReplicas: updated, readyReplicas: ready };
  const daemons = {
    ...{ desiredNumberScheduled: wanted, currentNumberScheduled: count, numberReady: ready },
    ...{ updatedNumberScheduled: updated, numberAvailable: ready },
  };
  const progress = full && updated === count ? "NewReplicaSetAvailable" : "ReplicaSetUpdated";
  const conditions = [
    condition("Available", full, `MinimumReplicas${full ? "A" : "Una"}vailable`, bornAt),
    condition("Progressing", true, progress, bornAt),
  ];
  const revisions = {
    updateRevision: `${name}-${revision}`,
    currentRevision: `${name}-${updated < wanted ? revision - 1 : revision}`,
  };
  const complete = condition("Complete", true, "CompletionsReached", bornAt);
  const status = {
    Pod: {},
    Deployment: { ...seen, ...counts, availableReplicas: ready, conditions },
    StatefulSet: { ...seen, ...counts, availableReplicas: ready, ...revisions },
    DaemonSet: { ...seen, ...daemons },
    Job: { succeeded: 1, startTime: iso(bornAt), conditions: [complete] },
    CronJob: {},
  }[kind];
  const labels = labelsOf(workload.app);
  const annotations = { "kubectl.kubernetes.io/restartedAt": restartedAt };
  const template = { metadata: { labels, annotations }, spec: podSpec(workload.app) };
  const job = { parallelism: 1, completions: 1, backoffLimit: 6, template };
  const cron = { schedule: "0 3 * * *", concurrencyPolicy: "Forbid", jobTemplate: { spec: job } };
  const rolling = { replicas: wanted, selector: { matchLabels: labels }, template };
  const spec = kind === "CronJob" ? cron : kind === "Job" ? job : rolling;
  const more = { generation: revision, labels };
  return manifest(kind, workload.app, { uid, bornAt }, more, { spec, status });
}

/** The Service of an app. */
export function serviceJson(app: App, uid: string, index: number, bornAt: number): Json {
  const { type, port = 0 } = app.service ?? {};
  const nodePort = type === "ClusterIP" ? undefined : 30_000 + port % 2768;
  const ports = [{ name: "main", port, targetPort: "main", protocol: "TCP", nodePort }];
  const clusterIP = app.kind === "StatefulSet" ? "None" : `10.43.0.${10 + index}`;
  const spec = { type, clusterIP, selector: labelsOf(app), ports };
  return manifest("Service", app, { uid, bornAt }, { labels: labelsOf(app) }, { spec });
}
