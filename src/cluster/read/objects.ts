/**
 * Kubernetes objects as far as they are shown. Types alone, so that anything may import them.
 *
 * @module
 */

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
  /** NVIDIA's cards, or shares of them, that pods can ask for; undefined where it offers none. */
  readonly gpus?: {
    readonly capacity: number | undefined;
    readonly allocatable: number;
    readonly replicas: number;
    /** Model, memory and driver, as `provision` saw them; empty where it did not. */
    readonly description: string;
  } | undefined;
  /** Undefined where it made none and has no schedule. */
  readonly backups?: NodeBackups | undefined;
}

/** What a server knows of the backups that were made on it; times are ISO 8601. */
export interface NodeBackups {
  readonly made?: { readonly time: string; readonly name: string } | undefined;
  /** A scheduled one that failed, after the one that was made. */
  readonly failed?: { readonly time: string; readonly message: string } | undefined;
  /** One every so many seconds, since it was set up. */
  readonly schedule?: { readonly every: number; readonly since: string } | undefined;
}

/** Why something is not well, in the API's own words. */
export interface Problem {
  /** One word: `CrashLoopBackOff`, `Unschedulable`, `OOMKilled`. */
  readonly reason: string;
  /** A sentence; may be empty. */
  readonly message: string;
}

/** What keeps a pod running, as a person knows it: the Deployment rather than its ReplicaSet. */
export interface Owner {
  /** `Deployment`, `StatefulSet`, `DaemonSet`, `Job`, `ReplicaSet`, `Node` (static pods), … */
  readonly kind: string;
  readonly name: string;
}

/** A pod. */
export interface ClusterPod extends ClusterObject {
  readonly labels: Readonly<Record<string, string>>;
  /** The node it runs on; undefined while it is not scheduled. */
  readonly nodeName: string | undefined;
  readonly owner: Owner | undefined;
  /** Pending, Running, Succeeded, Failed or Unknown. */
  readonly phase: string;
  readonly ready: boolean;
  /** Containers that are ready, of all. */
  readonly containers: { readonly ready: number; readonly total: number };
  /** It is being deleted. */
  readonly ending: boolean;
  readonly restarts: number;
  /** Why it waits or fails; undefined where all is well. */
  readonly problem: Problem | undefined;
  /** Sum over its containers, in cores, bytes, and cards or shares of them. */
  readonly requests: {
    readonly cpu: number;
    readonly memory: number;
    readonly gpus?: number | undefined;
  };
}

/** Kinds of objects that keep pods running. */
export type WorkloadKind = "Deployment" | "StatefulSet" | "DaemonSet" | "Job" | "CronJob";

/** Something that keeps pods running. */
export interface Workload extends ClusterObject {
  readonly kind: WorkloadKind;
  /** Pods ready; of a Job those that succeeded, of a CronJob its active Jobs. */
  readonly ready: number;
  /** Pods wanted; of a Job its completions, of a CronJob its active Jobs. */
  readonly wanted: number;
  /** Labels of the pods it makes. */
  readonly podLabels: Readonly<Record<string, string>>;
  /** Of Jobs and CronJobs. */
  readonly phase: "running" | "complete" | "failed" | "suspended" | undefined;
  /** Name of the CronJob that made a Job. */
  readonly owner: Owner | undefined;
  /** What its controller says is wrong. */
  readonly problem: Problem | undefined;
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

/** An Event: something a component of the cluster said about an object. */
export interface ClusterEvent extends ClusterObject {
  readonly warning: boolean;
  /** `BackOff`, `Scheduled`. */
  readonly reason: string;
  readonly message: string;
  readonly about: {
    readonly kind: string;
    readonly namespace: string;
    readonly name: string;
    readonly uid: string;
  };
  /** How often it was said; at least 1. */
  readonly count: number;
  /** ISO 8601, the last time. */
  readonly lastSeen: string;
}
