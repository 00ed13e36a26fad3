/**
 * The fields of Kubernetes objects that are shown, picked out of what the API server sends.
 *
 * A list of 10,000 pods is 38 MB of JSON; of each object only this much is kept.
 *
 * @module
 */

import * as z from "zod";
import { parseJson } from "../../process/json.ts";
import {
  amount,
  amounts,
  identity,
  labels,
  line,
  list,
  Metadata,
  ownerOf,
  safeLabels,
  sentence,
  text,
} from "./object_fields.ts";
import type {
  ClusterEvent,
  ClusterNode,
  ClusterPod,
  ClusterService,
  NodeBackups,
  Resources,
  Workload,
  WorkloadKind,
} from "./objects.ts";
import { podProblem, PodStatus } from "./pod_problem.ts";
import { WorkloadSpec, workloadStanding, WorkloadStatus } from "./workload_status.ts";

const NodeObject = z.object({
  metadata: Metadata.extend({ annotations: labels }),
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
      lastTransitionTime: text,
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
  const labels = safeLabels(metadata.labels);
  return {
    ...identity(metadata),
    labels,
    roles: Object.keys(labels).filter((key) => key.startsWith(ROLE_LABEL))
      .map((key) => key.slice(ROLE_LABEL.length)).sort(),
    cordoned: spec?.unschedulable ?? false,
    taints: (spec?.taints ?? []).map(({ key, value, effect }) =>
      line(`${key ?? ""}${value ? `=${value}` : ""}:${effect ?? ""}`)
    ),
    conditions: (status?.conditions ?? []).map((condition) => ({
      type: line(condition.type),
      status: condition.status,
      reason: line(condition.reason),
      message: sentence(condition.message),
      since: line(condition.lastTransitionTime) || undefined,
    })),
    internalIps: (status?.addresses ?? []).filter(({ type }) => type === "InternalIP")
      .map(({ address }) => line(address)),
    kubeletVersion: line(info?.kubeletVersion),
    osImage: line(info?.osImage),
    kernel: line(info?.kernelVersion),
    architecture: line(info?.architecture),
    containerRuntime: line(info?.containerRuntimeVersion),
    capacity: resources(status?.capacity),
    allocatable: resources(status?.allocatable),
    gpus: gpusOf(amount(status?.allocatable, GPU), {
      capacity: amount(status?.capacity, GPU),
      replicas: labels[REPLICAS_LABEL],
      description: line(metadata.annotations?.[GPU_ANNOTATION]),
    }),
    backups: backupsOf(metadata.annotations ?? {}),
  };
}

/** The resource of NVIDIA's device plugin, and what the role gpu_support says of it at the node. */
const GPU = "nvidia.com/gpu";
const REPLICAS_LABEL = "k3s-tool.io/gpu-replicas";
const GPU_ANNOTATION = "k3s-tool.io/gpu";

const time = z.iso.datetime();
const BackupMade = z.object({ time, name: z.string() });
const BackupFailed = z.object({ time, message: z.string() });
const BackupSchedule = z.object({ every: z.int().positive(), since: time });

/** What `backup_record.py` notes at a server. */
function backupsOf(annotations: Readonly<Record<string, string>>): NodeBackups | undefined {
  const read = <T>(key: string, schema: z.ZodType<T>): T | undefined => {
    const text = annotations[`k3s-tool.io/${key}`];
    return text === undefined ? undefined : parseJson(schema, text);
  };
  const made = read("backup", BackupMade);
  const failed = read("backup-failed", BackupFailed);
  const schedule = read("backup-schedule", BackupSchedule);
  if (made === undefined && failed === undefined && schedule === undefined) return undefined;
  return {
    made: made && { time: made.time, name: line(made.name) },
    failed: failed && { time: failed.time, message: sentence(failed.message) },
    schedule,
  };
}

/** A plugin that left leaves 0 behind, which is none unless the label says that there should be some. */
function gpusOf(
  allocatable: number | undefined,
  { capacity, replicas, description }: {
    readonly capacity: number | undefined;
    readonly replicas: string | undefined;
    readonly description: string;
  },
): ClusterNode["gpus"] {
  if (!allocatable && replicas === undefined) return undefined;
  const shares = Math.max(1, Math.trunc(Number(replicas)) || 1);
  return { capacity, allocatable: allocatable ?? 0, replicas: shares, description };
}

const Container = z.object({
  resources: z.object({ requests: amounts }).nullish(),
  restartPolicy: z.string().nullish(),
});

const PodObject = z.object({
  metadata: Metadata,
  spec: z.object({
    nodeName: text,
    containers: list(Container),
    initContainers: list(Container),
  }),
  status: PodStatus.nullish(),
});

/** A pod of the API. @throws {z.ZodError} where it is not one */
export function readPod(value: unknown): ClusterPod {
  const { metadata, spec, status } = PodObject.parse(value);
  // Sidecars are init containers that stay; kubectl counts them like the others.
  const initContainers = spec.initContainers ?? [];
  const sidecars = initContainers.map(({ restartPolicy }) => restartPolicy === "Always");
  const containers = [
    ...spec.containers ?? [],
    ...initContainers.filter((_, index) => sidecars[index]),
  ];
  const statuses = [
    ...status?.containerStatuses ?? [],
    ...(status?.initContainerStatuses ?? []).filter((_, index) => sidecars[index]),
  ];
  const ending = typeof metadata.deletionTimestamp === "string";
  const requested = (name: string) =>
    containers.reduce((sum, { resources }) => sum + (amount(resources?.requests, name) ?? 0), 0);
  return {
    ...identity(metadata),
    labels: safeLabels(metadata.labels),
    nodeName: line(spec.nodeName) || undefined,
    owner: ownerOf(metadata),
    phase: line(status?.phase) || "Unknown",
    ready: status?.conditions?.some((each) => each.type === "Ready" && each.status === "True") ??
      false,
    containers: {
      ready: statuses.filter(({ ready }) => ready).length,
      total: containers.length,
    },
    ending,
    restarts: statuses.reduce((sum, { restartCount }) => sum + (restartCount ?? 0), 0),
    problem: status ? podProblem(status, { ending }) : undefined,
    requests: {
      cpu: requested("cpu"),
      memory: requested("memory"),
      ...requested(GPU) > 0 ? { gpus: requested(GPU) } : {},
    },
  };
}

const WorkloadObject = z.object({
  metadata: Metadata,
  spec: WorkloadSpec,
  status: WorkloadStatus,
});

/** A workload of the API. @throws {z.ZodError} where it is not one */
export function readWorkload(kind: WorkloadKind, value: unknown): Workload {
  const { metadata, spec, status } = WorkloadObject.parse(value);
  return {
    ...identity(metadata),
    kind,
    ...workloadStanding(kind, { spec, status }),
    owner: ownerOf(metadata),
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
    type: line(spec.type) || "ClusterIP",
    clusterIp: line(spec.clusterIP),
    ports: (spec.ports ?? []).map(({ port, protocol }) => `${port}/${line(protocol) || "TCP"}`),
    selector: spec.type === "ExternalName" ? {} : safeLabels(spec.selector),
  };
}

const EventObject = z.object({
  metadata: Metadata,
  type: text,
  reason: text,
  message: text,
  count: z.number().nullish(),
  series: z.object({ count: z.number().nullish(), lastObservedTime: text }).nullish(),
  lastTimestamp: text,
  eventTime: text,
  involvedObject: z.object({ kind: text, namespace: text, name: text, uid: text }),
});

/** An Event of the API (core/v1). @throws {z.ZodError} where it is not one */
export function readEvent(value: unknown): ClusterEvent {
  const { metadata, series, involvedObject: about, ...event } = EventObject.parse(value);
  return {
    ...identity(metadata),
    warning: event.type === "Warning",
    reason: line(event.reason),
    message: sentence(event.message),
    about: {
      kind: line(about.kind),
      namespace: line(about.namespace),
      name: line(about.name),
      uid: line(about.uid),
    },
    count: Math.max(1, series?.count ?? event.count ?? 1),
    // Three generations of recorders fill in three different fields.
    lastSeen: line(
      series?.lastObservedTime || event.lastTimestamp || event.eventTime ||
        metadata.creationTimestamp,
    ),
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
