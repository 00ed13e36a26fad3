/**
 * The fields of Kubernetes objects that are shown, picked out of what the API server sends.
 *
 * A list of 10,000 pods is 38 MB of JSON; of each object only this much is kept.
 *
 * @module
 */

import * as z from "zod";
import { safeText } from "../errors/safe_text.ts";
import type {
  ClusterEvent,
  ClusterNode,
  ClusterObject,
  ClusterPod,
  ClusterService,
  Resources,
  Workload,
  WorkloadKind,
} from "./objects.ts";
import { parseQuantity } from "./quantity.ts";

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
    owner: undefined,
    containers: { ready: 0, total: spec.containers.length },
    ending: typeof metadata.deletionTimestamp === "string",
    restarts: containers.reduce((sum, each) => sum + each.restartCount, 0),
    problem:
      containers.flatMap(({ state }) =>
        state?.waiting?.reason ? [{ reason: state.waiting.reason, message: "" }] : []
      )[0],
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
    phase: undefined,
    owner: undefined,
    problem: undefined,
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

const EventObject = z.object({
  metadata: Metadata,
  type: text,
  reason: text,
  message: text,
  count: z.number().nullish(),
  series: z.object({ count, lastObservedTime: z.string().nullish() }).nullish(),
  lastTimestamp: z.string().nullish(),
  eventTime: z.string().nullish(),
  involvedObject: z.object({ kind: text, namespace: text, name: text, uid: text }),
});

/** An Event of the API (core/v1). @throws {z.ZodError} where it is not one */
export function readEvent(value: unknown): ClusterEvent {
  const { metadata, type, reason, message, series, involvedObject, ...event } = EventObject.parse(
    value,
  );
  return {
    ...identity(metadata),
    warning: type === "Warning",
    reason,
    message,
    about: involvedObject,
    count: Math.max(1, series?.count ?? event.count ?? 1),
    // Three generations of recorders fill in three different fields.
    lastSeen: series?.lastObservedTime ?? event.lastTimestamp ?? event.eventTime ??
      metadata.creationTimestamp ?? "",
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
