/**
 * Objects as they are known, and a small cluster with a bit of everything.
 *
 * @module
 */

import type { NodeVolume } from "../../src/cluster/read/read_volumes.ts";
import assert from "node:assert/strict";
import {
  type LiveNews,
  type LiveState,
  NOTHING_HEARD,
  reduceLive,
} from "../../src/live/live_state.ts";
import { type LiveView, newMemo } from "../../src/view/lists/live_rows.ts";
import type { Usage } from "../../src/cluster/watch/cluster_state.ts";
import type {
  ClusterEvent,
  ClusterNode,
  ClusterPod,
  ClusterService,
  Workload,
  WorkloadKind,
} from "../../src/cluster/read/objects.ts";
import type { InventoryHost } from "../../src/inventory/model.ts";
import { parseStatus, tailnetOf } from "../../src/tailscale/status.ts";
import { inventoryHost } from "../actions/host_fixture.ts";
import { peerFields, statusJson } from "../tailscale/status_fixture.ts";

/** The moment everything is looked at. */
export const NOW = Date.parse("2026-11-23T12:00:00Z");

const GiB = 2 ** 30;

/** A moment so many minutes before {@linkcode NOW}. */
export function ago(minutes: number): string {
  return new Date(NOW - 60_000 * minutes).toISOString();
}

/** A worker that is Ready. */
export function node(name: string, about: Partial<ClusterNode> = {}): ClusterNode {
  return {
    uid: `node-${name}`,
    name,
    namespace: "",
    createdAt: ago(14_400),
    labels: { "kubernetes.io/hostname": name },
    roles: [],
    cordoned: false,
    taints: [],
    conditions: [
      condition("MemoryPressure", "False"),
      condition("DiskPressure", "False"),
      condition("Ready", "True", { reason: "KubeletReady", message: "kubelet is posting status" }),
    ],
    internalIps: ["100.64.0.1"],
    kubeletVersion: "v1.36.3+k3s1",
    osImage: "Debian GNU/Linux 12",
    kernel: "6.1.0",
    architecture: "amd64",
    containerRuntime: "containerd://2.1.0",
    capacity: { cpu: 4, memory: 8 * GiB, disk: 100 * GiB, pods: 110 },
    allocatable: { cpu: 3.5, memory: 7 * GiB, disk: 95 * GiB, pods: 110 },
    ...about,
  };
}

/** A condition that has been so for three days. */
export function condition(
  type: string,
  status: "True" | "False" | "Unknown",
  about: Partial<ClusterNode["conditions"][number]> = {},
): ClusterNode["conditions"][number] {
  return { type, status, reason: "", message: "", since: ago(4_320), ...about };
}

/** A pod that runs on nuc. */
export function pod(name: string, about: Partial<ClusterPod> = {}): ClusterPod {
  const namespace = about.namespace ?? "default";
  return {
    uid: `pod-${namespace}-${name}`,
    name,
    namespace,
    createdAt: ago(200),
    labels: {},
    nodeName: "nuc",
    owner: undefined,
    phase: "Running",
    ready: true,
    containers: { ready: 1, total: 1 },
    ending: false,
    restarts: 0,
    problem: undefined,
    requests: { cpu: 0.1, memory: 64 * 2 ** 20 },
    ...about,
  };
}

/** A workload with one pod that is ready; its pods carry `app: NAME`. */
export function workload(
  kind: WorkloadKind,
  name: string,
  about: Partial<Workload> = {},
): Workload {
  const namespace = about.namespace ?? "default";
  return {
    uid: `${kind}-${namespace}-${name}`,
    name,
    namespace,
    createdAt: ago(3_000),
    kind,
    ready: 1,
    wanted: 1,
    podLabels: { app: name },
    phase: undefined,
    owner: undefined,
    problem: undefined,
    ...about,
  };
}

/** A Service that selects `app: NAME`. */
export function service(name: string, about: Partial<ClusterService> = {}): ClusterService {
  const namespace = about.namespace ?? "default";
  return {
    uid: `service-${namespace}-${name}`,
    name,
    namespace,
    createdAt: ago(3_000),
    type: "ClusterIP",
    clusterIp: "10.43.0.7",
    ports: ["80/TCP"],
    selector: { app: name },
    ...about,
  };
}

/** Something normal that was said of the pod web-1. */
export function event(name: string, about: Partial<ClusterEvent> = {}): ClusterEvent {
  return {
    uid: `event-${name}`,
    name,
    namespace: "default",
    createdAt: ago(30),
    warning: false,
    reason: "Scheduled",
    message: "assigned to nuc",
    about: { kind: "Pod", namespace: "default", name: "web-1", uid: "pod-default-web-1" },
    count: 1,
    lastSeen: ago(30),
    ...about,
  };
}

/** A state as somebody looks at it who has not looked before. */
export function look(live: LiveState, now = NOW): LiveView {
  return { live, now, memo: newMemo() };
}

/** What a cluster holds; what is left out was never listed. */
export interface Contents {
  readonly nodes?: readonly ClusterNode[];
  readonly pods?: readonly ClusterPod[];
  readonly services?: readonly ClusterService[];
  readonly deployments?: readonly Workload[];
  readonly statefulSets?: readonly Workload[];
  readonly daemonSets?: readonly Workload[];
  readonly jobs?: readonly Workload[];
  readonly cronJobs?: readonly Workload[];
  readonly events?: readonly ClusterEvent[];
  readonly persistentVolumes?: readonly NodeVolume[];
  readonly usage?: Readonly<Record<string, Usage>>;
  readonly hosts?: readonly InventoryHost[];
  readonly peers?: readonly ReturnType<typeof peerFields>[];
}

/** The state of a live screen that is connected, without Flux. */
export function liveState(
  { usage, hosts, peers, ...collections }: Contents,
  ...more: readonly LiveNews[]
): LiveState {
  const news: LiveNews[] = [
    { type: "connection", connection: { state: "live" } },
    {
      type: "server",
      server: "https://100.64.0.1:6443",
      version: "v1.36.3+k3s1",
      insteadOf: undefined,
    },
    { type: "absent", collection: "gitRepositories" },
    { type: "absent", collection: "kustomizations" },
  ];
  for (const [collection, objects] of Object.entries(collections)) {
    news.push({ type: "listed", collection, objects } as LiveNews);
  }
  if (usage) {
    news.push({
      type: "metrics",
      metrics: { known: true, nodes: new Map(Object.entries(usage)) },
    });
  }
  if (hosts) {
    news.push({
      type: "inventory",
      inventory: {
        known: true,
        value: {
          file: "/home/ada/inventory/hosts.yml",
          hosts,
          cluster: {
            clusterName: "homelab",
            tailscaleNetwork: "100.64.0.0/10",
            gitBranch: "main",
            fluxNamespace: "flux-system",
            vars: new Map(),
          },
          roleGroups: { "control-plane": ["control_plane"], worker: ["workers"] },
          warnings: [],
        },
      },
    });
  }
  if (peers) {
    const parsed = parseStatus(
      statusJson({ peers }),
    );
    assert.ok("status" in parsed);
    news.push({ type: "tailnet", tailnet: { known: true, value: tailnetOf(parsed.status) } });
  }
  return reduceLive(NOTHING_HEARD, [...news, ...more]);
}

const web = { kind: "Deployment", name: "web" };
const app = { app: "web" };
const CRASH = { reason: "CrashLoopBackOff", message: "exit code 1; back-off 5m0s" };
const NO_ROOM = {
  reason: "Unschedulable",
  message: "0/3 nodes are available: 3 Insufficient memory.",
};

/** nuc is the control plane, dgx is away, pi is cordoned, attic is not in the cluster, stray is not in the inventory. */
export const HOMELAB: Contents = {
  nodes: [
    node("nuc", { roles: ["control-plane", "etcd"] }),
    node("dgx", {
      internalIps: ["100.64.0.3"],
      kubeletVersion: "v1.36.2+k3s1",
      taints: ["nvidia.com/gpu=true:NoSchedule"],
      gpus: {
        capacity: 4,
        allocatable: 4,
        replicas: 4,
        description: "RTX 4090, 24 GiB, driver 570.133",
      },
    }),
    node("pi", { internalIps: ["100.64.0.4"], cordoned: true }),
    node("stray", { internalIps: ["100.64.0.6"] }),
  ],
  pods: [
    pod("web-1", { labels: app, owner: web }),
    pod("web-2", {
      labels: app,
      owner: web,
      ready: false,
      restarts: 7,
      containers: { ready: 0, total: 1 },
      problem: CRASH,
    }),
    pod("db-0", {
      owner: { kind: "StatefulSet", name: "db" },
      phase: "Pending",
      ready: false,
      nodeName: undefined,
      containers: { ready: 0, total: 1 },
      problem: NO_ROOM,
    }),
    pod("agent-a", { namespace: "kube-system", owner: { kind: "DaemonSet", name: "agent" } }),
    pod("backup-1-x", {
      owner: { kind: "Job", name: "backup-1" },
      phase: "Succeeded",
      ready: false,
    }),
    pod("debug", { nodeName: "stray", createdAt: ago(3) }),
  ],
  services: [service("web"), service("kubernetes", { selector: {} })],
  deployments: [workload("Deployment", "web", { ready: 1, wanted: 2 })],
  statefulSets: [workload("StatefulSet", "db", { ready: 0 })],
  daemonSets: [workload("DaemonSet", "agent", { namespace: "kube-system" })],
  cronJobs: [workload("CronJob", "backup", { ready: 0, wanted: 0 })],
  jobs: [
    workload("Job", "backup-1", { phase: "complete", owner: { kind: "CronJob", name: "backup" } }),
    workload("Job", "migrate", { phase: "complete" }),
  ],
  events: [
    event("a"),
    event("b", {
      warning: true,
      reason: "BackOff",
      message: "Back-off restarting failed container",
      about: { kind: "Pod", namespace: "default", name: "web-2", uid: "" },
      count: 12,
      lastSeen: ago(1),
    }),
    event("c", {
      warning: true,
      reason: "BackOff",
      message: "Back-off restarting failed container",
      about: { kind: "Pod", namespace: "default", name: "web-2", uid: "" },
      count: 3,
      lastSeen: ago(20),
    }),
    event("d", {
      reason: "NodeNotSchedulable",
      message: "Node pi status is now: NodeNotSchedulable",
      namespace: "default",
      about: { kind: "Node", namespace: "", name: "pi", uid: "pi" },
      lastSeen: ago(9),
    }),
  ],
  usage: {
    nuc: { cpu: 0.7, memory: 5.9 * GiB, disk: { used: 40 * GiB, capacity: 100 * GiB } },
    pi: { cpu: 3.45, memory: 2 * GiB, disk: undefined },
    stray: { cpu: 0.1, memory: 1 * GiB, disk: { used: 99 * GiB, capacity: 100 * GiB } },
  },
  hosts: [
    inventoryHost("nuc", "100.64.0.1", "control-plane"),
    inventoryHost("dgx", "100.64.0.3"),
    inventoryHost("pi", "100.64.0.4"),
    inventoryHost("attic", "100.64.0.5"),
  ],
  peers: [
    peerFields("nuc", "100.64.0.1", { Tags: ["tag:server"] }),
    peerFields("dgx", "100.64.0.3", { Online: false, LastSeen: "2026-11-23T11:48:00Z" }),
    peerFields("pi", "100.64.0.4", { KeyExpiry: "2026-11-28T00:00:00Z" }),
    peerFields("attic", "100.64.0.5"),
    peerFields("stray", "100.64.0.6"),
  ],
};
