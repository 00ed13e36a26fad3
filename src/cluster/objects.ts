/**
 * The fields of Kubernetes objects that are shown, picked out of what the API server sends.
 *
 * A list of 10,000 pods is 38 MB of JSON; of each object only this much is kept.
 *
 * @module
 */

import { z } from "zod";
import { safeText } from "../errors/safe_text.ts";
import { parseQuantity } from "./quantity.ts";

/** What all objects have. */
export interface ClusterObject {
  readonly uid: string;
  readonly name: string;
  /** Empty for objects without a namespace. */
  readonly namespace: string;
  /** ISO 8601. */
  readonly createdAt: string | undefined;
}

/** Amounts of what a node has; undefined where the node says nothing of it. */
export interface Resources {
  /** Cores. */
  readonly cpu: number | undefined;
  /** Bytes. */
  readonly memory: number | undefined;
  /** Bytes of local disk. */
  readonly disk: number | undefined;
  /** Pieces. */
  readonly pods: number | undefined;
}

/** A condition of a node. */
export interface NodeCondition {
  readonly type: string;
  readonly status: "True" | "False" | "Unknown";
  readonly reason: string;
  readonly message: string;
  /** ISO 8601. */
  readonly since: string | undefined;
}

/** A machine in the cluster. */
export interface ClusterNode extends ClusterObject {
  readonly labels: Readonly<Record<string, string>>;
  /** From `node-role.kubernetes.io/…`: `control-plane`, `etcd`, `master`. */
  readonly roles: readonly string[];
  readonly cordoned: boolean;
  readonly taints: readonly string[];
  readonly conditions: readonly NodeCondition[];
  /** Of type InternalIP, in the order of the API. */
  readonly internalIps: readonly string[];
  /** `v1.35.6+k3s1`. */
  readonly kubeletVersion: string;
  readonly osImage: string;
  readonly kernel: string;
  readonly architecture: string;
  readonly containerRuntime: string;
  readonly capacity: Resources;
  readonly allocatable: Resources;
}

/** A pod. */
export interface ClusterPod extends ClusterObject {
  readonly labels: Readonly<Record<string, string>>;
  /** The node it runs on; undefined while it is not scheduled. */
  readonly nodeName: string | undefined;
  /** Pending, Running, Succeeded, Failed or Unknown. */
  readonly phase: string;
  readonly ready: boolean;
  /** It is being deleted. */
  readonly ending: boolean;
  readonly restarts: number;
  /** Why it waits: `CrashLoopBackOff`, `ImagePullBackOff`; undefined where nothing waits. */
  readonly waiting: string | undefined;
  /** Sum over its containers, in cores and bytes. */
  readonly requests: { readonly cpu: number; readonly memory: number };
}

/** Kinds of objects that keep pods running. */
export type WorkloadKind = "Deployment" | "StatefulSet" | "DaemonSet";

/** Something that keeps pods running. */
export interface Workload extends ClusterObject {
  readonly kind: WorkloadKind;
  readonly ready: number;
  readonly wanted: number;
  /** Labels of the pods it makes. */
  readonly podLabels: Readonly<Record<string, string>>;
}

/** A Service. */
export interface ClusterService extends ClusterObject {
  /** ClusterIP, NodePort, LoadBalancer or ExternalName. */
  readonly type: string;
  /** `None` for headless ones. */
  readonly clusterIp: string;
  /** `80/TCP`, … */
  readonly ports: readonly string[];
  /** Labels its pods have; empty where it selects none by itself. */
  readonly selector: Readonly<Record<string, string>>;
}

const text = z.string().nullish().transform((value) => safeText(value ?? ""));
const count = z.number().nullish().transform((value) => value ?? 0);
const labels = z.record(z.string(), z.string()).nullish().transform((value) => value ?? {});
const amounts = z.record(z.string(), z.union([z.string(), z.number()])).nullish();
const list = <T extends z.ZodType>(item: T) =>
  z.array(item).nullish().transform((value) => value ?? []);

const Metadata = z.object({
  uid: z.string(),
  name: z.string(),
  namespace: text,
  creationTimestamp: z.string().nullish(),
  deletionTimestamp: z.string().nullish(),
  labels,
});

const NodeObject = z.object({
  metadata: Metadata,
  spec: z.object({
    unschedulable: z.boolean().nullish(),
    taints: list(z.object({ key: text, value: text, effect: text })),
  }).nullish(),
  status: z.object({
    conditions: list(z.object({
      type: text,
      status: z.enum(["True", "False", "Unknown"]),
      reason: text,
      message: text,
      lastTransitionTime: z.string().nullish(),
    })),
    addresses: list(z.object({ type: z.string(), address: text })),
    nodeInfo: z.object({
      kubeletVersion: text,
      osImage: text,
      kernelVersion: text,
      architecture: text,
      containerRuntimeVersion: text,
    }).nullish(),
    capacity: amounts,
    allocatable: amounts,
  }).nullish(),
});

const ROLE_LABEL = "node-role.kubernetes.io/";

/** A node of the API. @throws {z.ZodError} where it is not one */
export function readNode(value: unknown): ClusterNode {
  const { metadata, spec, status } = NodeObject.parse(value);
  const info = status?.nodeInfo;
  return {
    ...identity(metadata),
    labels: metadata.labels,
    roles: Object.keys(metadata.labels).filter((key) => key.startsWith(ROLE_LABEL))
      .map((key) => safeText(key.slice(ROLE_LABEL.length))).sort(),
    cordoned: spec?.unschedulable ?? false,
    taints: (spec?.taints ?? []).map(({ key, value, effect }) =>
      `${key}${value === "" ? "" : `=${value}`}:${effect}`
    ),
    conditions: (status?.conditions ?? []).map(({ lastTransitionTime, ...condition }) => ({
      ...condition,
      since: lastTransitionTime ?? undefined,
    })),
    internalIps: (status?.addresses ?? []).filter(({ type }) => type === "InternalIP")
      .map(({ address }) => address),
    kubeletVersion: info?.kubeletVersion ?? "",
    osImage: info?.osImage ?? "",
    kernel: info?.kernelVersion ?? "",
    architecture: info?.architecture ?? "",
    containerRuntime: info?.containerRuntimeVersion ?? "",
    capacity: resources(status?.capacity),
    allocatable: resources(status?.allocatable),
  };
}

const ContainerStatus = z.object({
  restartCount: count,
  state: z.object({ waiting: z.object({ reason: text }).nullish() }).nullish(),
});

const PodObject = z.object({
  metadata: Metadata,
  spec: z.object({
    nodeName: z.string().nullish(),
    containers: list(z.object({
      resources: z.object({ requests: amounts }).nullish(),
    })),
  }),
  status: z.object({
    phase: text,
    conditions: list(z.object({ type: z.string(), status: z.string() })),
    containerStatuses: list(ContainerStatus),
  }).nullish(),
});

/** A pod of the API. @throws {z.ZodError} where it is not one */
export function readPod(value: unknown): ClusterPod {
  const { metadata, spec, status } = PodObject.parse(value);
  const containers = status?.containerStatuses ?? [];
  const requests = spec.containers.map(({ resources }) => resources?.requests);
  return {
    ...identity(metadata),
    labels: metadata.labels,
    nodeName: spec.nodeName || undefined,
    phase: status?.phase || "Unknown",
    ready: status?.conditions.some((each) => each.type === "Ready" && each.status === "True") ??
      false,
    ending: typeof metadata.deletionTimestamp === "string",
    restarts: containers.reduce((sum, each) => sum + each.restartCount, 0),
    waiting: containers.map(({ state }) => state?.waiting?.reason).find((reason) => reason),
    requests: {
      cpu: requests.reduce((sum, each) => sum + (amount(each, "cpu") ?? 0), 0),
      memory: requests.reduce((sum, each) => sum + (amount(each, "memory") ?? 0), 0),
    },
  };
}

const WorkloadObject = z.object({
  metadata: Metadata,
  spec: z.object({
    replicas: z.number().nullish(),
    template: z.object({ metadata: z.object({ labels }).nullish() }).nullish(),
  }),
  status: z.object({
    readyReplicas: count,
    numberReady: count,
    desiredNumberScheduled: count,
  }).nullish(),
});

/** A Deployment, StatefulSet or DaemonSet of the API. @throws {z.ZodError} where it is not one */
export function readWorkload(kind: WorkloadKind, value: unknown): Workload {
  const { metadata, spec, status } = WorkloadObject.parse(value);
  const daemon = kind === "DaemonSet";
  return {
    ...identity(metadata),
    kind,
    ready: (daemon ? status?.numberReady : status?.readyReplicas) ?? 0,
    // The API server fills in one replica where none is given.
    wanted: daemon ? status?.desiredNumberScheduled ?? 0 : spec.replicas ?? 1,
    podLabels: spec.template?.metadata?.labels ?? {},
  };
}

const ServiceObject = z.object({
  metadata: Metadata,
  spec: z.object({
    type: text,
    clusterIP: text,
    ports: list(z.object({ port: z.number(), protocol: text })),
    selector: labels,
  }),
});

/** A Service of the API. @throws {z.ZodError} where it is not one */
export function readService(value: unknown): ClusterService {
  const { metadata, spec } = ServiceObject.parse(value);
  return {
    ...identity(metadata),
    type: spec.type || "ClusterIP",
    clusterIp: spec.clusterIP,
    ports: spec.ports.map(({ port, protocol }) => `${port}/${protocol || "TCP"}`),
    selector: spec.type === "ExternalName" ? {} : spec.selector,
  };
}

function identity(metadata: z.infer<typeof Metadata>): ClusterObject {
  return {
    uid: metadata.uid,
    name: safeText(metadata.name),
    namespace: metadata.namespace,
    createdAt: metadata.creationTimestamp ?? undefined,
  };
}

function resources(values: z.infer<typeof amounts>): Resources {
  return {
    cpu: amount(values, "cpu"),
    memory: amount(values, "memory"),
    disk: amount(values, "ephemeral-storage"),
    pods: amount(values, "pods"),
  };
}

function amount(values: z.infer<typeof amounts>, name: string): number | undefined {
  const value = values?.[name];
  return value === undefined ? undefined : parseQuantity(String(value));
}
