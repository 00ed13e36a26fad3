/**
 * The objects of the made-up home: manifests, as far as an API server's are looked into.
 *
 * @module
 */

import type { CollectionName } from "../cluster/watch/cluster_state.ts";
import { LIVE_COLLECTIONS } from "../live/live_collections.ts";
import type { Home } from "./home.ts";
import type { App, Machine } from "./tables.ts";

/** What something is called. */
export type Named = Readonly<Record<"kind" | "namespace" | "name", string>>;

/** A node. All times are milliseconds since the epoch. */
export interface HomeNode extends Machine {
  readonly bornAt: number;
  cordoned: boolean;
  ready: boolean;
  readySince: number;
}

/** What keeps pods: a release or a restart of it is a new revision. */
export interface HomeWorkload extends App {
  readonly bornAt: number;
  replicas: number;
  revision: number;
}

/** A pod with its one container, in a slot of its workload: a number, or the name of a node. */
export interface HomePod extends Named {
  readonly app: HomeWorkload;
  readonly revision: number;
  readonly slot: string;
  /** How many were made before it. */
  readonly number: number;
  readonly uid: string;
  readonly bornAt: number;
  node: string | undefined;
  /** When it came to its node. */
  placedAt: number;
  /** When it is asked to end. */
  endAt: number;
}

/** Stages of a pod's life: why it waits in it, the event that is said of it, in which words. */
const STAGES = {
  pending: ["Unschedulable", "FailedScheduling", "No node is ready and takes it"],
  creating: ["ContainerCreating", "", ""],
  running: ["", "Started", "Started container NAME"],
  ready: ["", "", ""],
  crashed: ["CrashLoopBackOff", "BackOff", "Back-off restarting failed container NAME"],
  failing: ["ErrImagePull", "Failed", 'Failed to pull image "IMAGE": not found'],
  unpulled: ["ImagePullBackOff", "BackOff", 'Back-off pulling image "IMAGE"'],
  ended: ["", "", ""],
} as const;

function stageOf({ app, node }: HomePod, seconds: number): keyof typeof STAGES {
  if (node === undefined) return "pending";
  if (app.kind === "Job") return "ended";
  if (app.does === "crashes") return seconds % 60 < 10 ? "running" : "crashed";
  if (app.does === "lacks-image") return seconds % 30 < 12 ? "failing" : "unpulled";
  return seconds < 2 ? "creating" : seconds < 5 ? "running" : "ready";
}

/** How a pod lives: that follows from what it does, and how long it has been on its node. */
export function lifeOf(pod: HomePod, now: number) {
  const { app, placedAt } = pod;
  const seconds = (now - placedAt) / 1000;
  const stage = stageOf(pod, seconds);
  const [reason, event, words] = STAGES[stage];
  const message = words.replace("NAME", app.name).replace("IMAGE", app.image);
  // What ends does so after ten seconds; what crashes begins again each minute.
  const crashes = app.does === "crashes" ? Math.floor((seconds + 50) / 60) : 0;
  const startedAt = placedAt + crashes * 60_000;
  const ended = app.kind === "Job" ? startedAt : crashes > 0 ? startedAt - 60_000 : undefined;
  const lastRun = ended && { startedAt: ended, endedAt: ended + 10_000 };
  return { stage, reason, event, message, crashes, startedAt, lastRun };
}

type Part = Readonly<Record<string, unknown>>;
type Metadata = Part & { readonly name: string; readonly namespace?: string };

/** An object, as far as it is looked into here. */
export type Json = Part & {
  readonly kind: string;
  readonly metadata: Metadata & { readonly uid: string };
};

/** A moment as the API writes it. */
export function iso(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/** A condition of any object, and `Reason: message`; undefined means unknown. */
export function condition(type: string, holds: boolean | undefined, why: string, at: number) {
  const [reason, message] = why.split(/: ([^]*)/);
  const status = holds === undefined ? "Unknown" : holds ? "True" : "False";
  return { type, status, reason, message, lastTransitionTime: iso(at) };
}

/** The collection that objects of a kind are in. */
export function collectionOf(kind: string): CollectionName {
  const plural = `${kind[0]!.toLowerCase()}${kind.slice(1)}s`;
  return plural.replace("ys", "ies") as CollectionName;
}

/** Any object. */
export function manifest(
  kind: string,
  { bornAt, ...own }: Metadata & { bornAt: number },
  rest: Part,
): Json {
  const apiVersion = LIVE_COLLECTIONS[collectionOf(kind)]!.path.split("/").slice(2, -1).join("/");
  const uid = `${kind}/${own.namespace}/${own.name}`;
  const metadata = { uid, ...own, creationTimestamp: iso(bornAt) };
  return { apiVersion, kind, metadata, ...rest };
}

const SILENT = "NodeStatusUnknown: Kubelet stopped posting node status.";
const HEALTHY = Object.entries({
  MemoryPressure: "KubeletHasSufficientMemory: kubelet has sufficient memory available",
  DiskPressure: "KubeletHasNoDiskPressure: kubelet has no disk pressure",
  PIDPressure: "KubeletHasSufficientPID: kubelet has sufficient PID available",
  Ready: "KubeletReady: kubelet is posting ready status",
});

/** A Node. */
export function nodeJson(node: HomeNode): Json {
  const { name, bornAt, ip, isServer, allocatable, cordoned, taints, ready, nodeInfo } = node;
  const role = isServer ? { "node-role.kubernetes.io/control-plane": "true" } : {};
  const labels = { "kubernetes.io/arch": nodeInfo.architecture, ...role, ...node.labels };
  const conditions = HEALTHY.map(([type, why]) => {
    const isReady = type === "Ready";
    const since = isReady || !ready ? node.readySince : bornAt;
    return condition(type, ready ? isReady : undefined, ready ? why : SILENT, since);
  });
  const amounts = (cpu: number, memory: string, gibibytes: number) => {
    return { cpu, memory, pods: 110, "ephemeral-storage": `${Math.floor(gibibytes)}Gi` };
  };
  const cordon = { key: "node.kubernetes.io/unschedulable", effect: "NoSchedule" };
  return manifest("Node", { name, bornAt, labels }, {
    spec: { unschedulable: cordoned, taints: cordoned ? [...taints ?? [], cordon] : taints },
    status: {
      addresses: [{ type: "InternalIP", address: ip }],
      capacity: {
        ...amounts(node.cpu, `${node.memory}Gi`, node.disk),
        "nvidia.com/gpu": node.gpus,
      },
      allocatable: {
        ...amounts(allocatable.cpu, `${allocatable.mib}Mi`, node.disk * 0.95),
        "nvidia.com/gpu": node.gpus,
      },
      conditions,
      nodeInfo,
    },
  });
}

const labelsOf = ({ name }: App) => ({ "app.kubernetes.io/name": name });

function podSpec({ name, image, port, cpu, mib, needs }: App) {
  const ports = port === 0 ? [] : [{ containerPort: port }];
  const gpu = /gpu/.test(needs) ? { "nvidia.com/gpu": 1 } : {};
  const resources = { requests: { cpu: `${cpu * 1000}m`, memory: `${mib}Mi`, ...gpu } };
  return {
    containers: [{ name, image, ports, resources }],
    volumes: [{ name: "tmp", emptyDir: {} }],
  };
}

/** A Pod. */
export function podJson(home: Home, pod: HomePod): Json {
  const { app, node, namespace, name, uid, bornAt, placedAt, endAt } = pod;
  const { stage, reason, message, crashes, startedAt, lastRun } = lifeOf(pod, home.now);
  const ready = home.isUp(pod);
  const exitCode = stage === "ended" ? 0 : 1;
  const lastState = { terminated: lastRun && { exitCode, finishedAt: iso(lastRun.endedAt) } };
  const [phase, state] = stage === "ended"
    ? ["Succeeded", lastState]
    : reason === ""
    ? ["Running", { running: { startedAt: iso(startedAt) } }]
    : [lastRun ? "Running" : "Pending", { waiting: { reason, message } }];
  const container = { name: app.name, ready, restartCount: crashes, state, lastState };
  const owner = { kind: app.kind, name: app.name, controller: true };
  const ownerReferences = app.kind === "Pod" ? [] : [owner];
  const deletionTimestamp = endAt <= home.now ? iso(endAt + 30_000) : undefined;
  const more = { labels: labelsOf(app), ownerReferences, deletionTimestamp };
  return manifest("Pod", { name, namespace, uid, bornAt, ...more }, {
    spec: { nodeName: node, ...podSpec(app) },
    status: {
      phase,
      podIP: node && `10.42.0.${2 + pod.number % 250}`,
      conditions: [
        condition("PodScheduled", node !== undefined, node ? "" : `${reason}: ${message}`, bornAt),
        condition("Ready", ready, ready ? "" : "ContainersNotReady", placedAt),
      ],
      containerStatuses: node ? [container] : [],
    },
  });
}

/**
 * A Deployment, StatefulSet, DaemonSet, Job or CronJob; its status counts its pods, in the words of
 * all of the first three.
 */
export function workloadJson(home: Home, app: HomeWorkload): Json {
  const { name, namespace, kind, bornAt, revision } = app;
  const pods = home.podsOf(app).filter(({ endAt }) => endAt > home.now);
  const ready = pods.filter((pod) => home.isUp(pod)).length;
  const updated = pods.filter((pod) => pod.revision === revision).length;
  const wanted = home.slotsOf(app).length;
  const said = `MinimumReplicas${ready >= wanted ? "A" : "Una"}vailable`;
  const template = { metadata: { labels: labelsOf(app) }, spec: podSpec(app) };
  const [spec, status] = kind === "CronJob"
    ? [{ schedule: "0 3 * * *", jobTemplate: { spec: { template } } }, {}]
    : kind === "Job"
    ? [{ template }, { succeeded: 1, conditions: [condition("Complete", true, "", bornAt)] }]
    : [{ replicas: wanted, selector: { matchLabels: labelsOf(app) }, template }, {
      observedGeneration: revision,
      replicas: pods.length,
      updatedReplicas: updated,
      updatedNumberScheduled: updated,
      readyReplicas: ready,
      availableReplicas: ready,
      numberReady: ready,
      numberAvailable: ready,
      desiredNumberScheduled: wanted,
      updateRevision: `${revision}`,
      currentRevision: `${updated < wanted ? revision - 1 : revision}`,
      conditions: [condition("Available", ready >= wanted, said, bornAt)],
    }];
  return manifest(kind, { name, namespace, bornAt, generation: revision }, { spec, status });
}

/** The volume that a pod of a StatefulSet has on its node's disk. */
export function volumeJson({ app, node, placedAt: bornAt }: HomePod): Json {
  const claim = `data-${app.name}-0`;
  const name = `pvc-${app.namespace}-${claim}`;
  const hostname = { key: "kubernetes.io/hostname", operator: "In", values: [node!] };
  return manifest("PersistentVolume", { name, bornAt }, {
    spec: {
      storageClassName: "local-path",
      capacity: { storage: app.mib > 2048 ? "500Gi" : "20Gi" },
      claimRef: { namespace: app.namespace, name: claim },
      hostPath: { path: `/var/lib/rancher/k3s/storage/${name}` },
      nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [hostname] }] } },
    },
    status: { phase: "Bound" },
  });
}

/** The Service of an app that has one. */
export function serviceJson(app: HomeWorkload, index: number): Json {
  const { name, namespace, bornAt, service, port } = app;
  const nodePort = service === "ClusterIP" ? undefined : 30_000 + port % 2768;
  const clusterIP = `10.43.0.${10 + index}`;
  const spec = { type: service, clusterIP, selector: labelsOf(app), ports: [{ port, nodePort }] };
  return manifest("Service", { name, namespace, bornAt }, { spec });
}
