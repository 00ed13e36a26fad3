/**
 * Shapes of the JSON documents of `discover`, `status`, `kubeconfig` and of `gitops status`, `sync` and
 * `deploy-key`, beside `apiVersion` and `kind`. Null stands for what is not known.
 *
 * @module
 */

import * as z from "zod/mini";
import { FLUX_KINDS } from "../../gitops/flux/flux_status.ts";
import { HEALTHS } from "../../reports/health.ts";

const text = z.nullable(z.string());

/** An object of Flux. */
export const FluxObject = z.strictObject({
  kind: z.enum(FLUX_KINDS),
  namespace: z.string(),
  name: z.string(),
  state: z.enum(["ready", "failed", "progressing", "suspended"]),
  reason: z.string(),
  message: z.string(),
  revision: text,
  updatedAt: text,
  since: text,
  from: z.string(),
  ref: z.string(),
  source: z.string(),
});

/** How GitOps stands, in the document `Status`: the worst state, and what was applied last. */
const GITOPS = z.strictObject({
  installed: z.nullable(z.boolean()),
  state: z.nullable(FluxObject.shape.state),
  revision: text,
  updatedAt: text,
  items: z.array(FluxObject),
});

/** Document `GitopsStatus` of `gitops status`. */
export const GITOPS_STATUS = {
  cluster: text,
  server: z.string(),
  items: z.array(FluxObject),
  gaps: z.array(z.string()),
  warnings: z.array(z.string()),
};

/** Document `GitopsSync` of `gitops sync`. */
export const GITOPS_SYNC = {
  server: z.string(),
  revision: text,
  finished: z.boolean(),
  items: z.array(FluxObject),
};

/** Document `DeployKey` of `gitops deploy-key`. */
export const DEPLOY_KEY = {
  publicKey: z.string(),
  file: z.string(),
  created: z.boolean(),
  knownHosts: text,
};

const moment = z.nullable(z.iso.datetime({ offset: true }));
const amount = z.nullable(z.number());
const truth = z.nullable(z.boolean());
const role = z.nullable(z.enum(["control-plane", "worker"]));
const pods = z.object({ ready: z.int(), wanted: z.int() });
const health = z.enum(HEALTHS);
const count = z.nullable(z.int());
const resources = z.nullable(
  z.strictObject({ cpu: amount, memory: amount, disk: amount, pods: amount }),
);
const used = z.nullable(z.strictObject({
  cpu: amount,
  memory: amount,
  disk: z.nullable(z.strictObject({ used: z.number(), capacity: z.number() })),
}));
const requested = z.nullable(z.strictObject({ cpu: z.number(), memory: z.number() }));

/** A machine of the tailnet. */
export const Peer = z.strictObject({
  name: z.string(),
  hostname: z.string(),
  dnsName: text,
  ipv4: z.nullable(z.ipv4()),
  ipv6: text,
  os: z.string(),
  online: z.boolean(),
  lastSeen: moment,
  tags: z.array(z.string()),
  owner: text,
  keyExpiry: moment,
  expired: z.boolean(),
  isSelf: z.boolean(),
  shared: z.boolean(),
  membership: z.enum(["both", "inventory", "cluster", "none", "other-address", "unknown"]),
  inInventory: truth,
  inCluster: truth,
  inventoryHost: text,
  inventoryAddress: text,
  node: text,
  /** What an earlier look at it saw (`node detect`, `provision`); null where there was none. */
  model: text,
  gpus: z.nullable(z.array(z.string())),
});

/** Document `PeerList` of `discover`. */
export const PEER_LIST = { items: z.array(Peer), gaps: z.array(z.string()) };

/** A node. */
export const Node = z.strictObject({
  name: z.string(),
  role,
  status: z.enum(["Ready", "NotReady", "Unreachable", "NotProvisioned", "Unknown"]),
  since: moment,
  source: z.enum(["cluster", "tailnet", "inventory"]),
  reason: z.string(),
  cordoned: z.boolean(),
  pressures: z.array(z.string()),
  inInventory: truth,
  inCluster: truth,
  inventoryHost: text,
  tailscaleIp: text,
  online: truth,
  lastSeen: moment,
  keyExpiry: moment,
  keyState: z.nullable(z.enum(["lasting", "valid", "ending", "expired"])),
  version: text,
  osImage: text,
  architecture: text,
  createdAt: moment,
  labels: z.record(z.string(), z.string()),
  taints: z.array(z.string()),
  capacity: resources,
  allocatable: resources,
  used,
  requested,
  pods: count,
  /** NVIDIA's cards, or shares of them; null where the node offers none to pods. */
  gpus: z.nullable(z.strictObject({
    used: count,
    allocatable: z.number(),
    replicas: z.number(),
    description: z.string(),
  })),
});

/** A Service. */
export const Service = z.strictObject({
  namespace: z.string(),
  name: z.string(),
  type: z.string(),
  clusterIp: z.string(),
  ports: z.array(z.string()),
  pods: z.nullable(pods),
  health,
  reason: z.string(),
  message: z.string(),
  restarts: count,
});

/** A workload. */
export const Workload = z.strictObject({
  kind: z.enum(["Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob"]),
  namespace: z.string(),
  name: z.string(),
  pods,
  health,
  reason: z.string(),
  message: z.string(),
  restarts: count,
  createdAt: moment,
});

const use = z.nullable(z.strictObject({
  used: z.number(),
  allocatable: z.number(),
  measured: z.int(),
}));

/** The newest backup, a scheduled one that failed after it, and the schedule, in seconds. */
const BACKUP = z.strictObject({
  newest: z.nullable(z.strictObject({ node: z.string(), time: moment, name: z.string() })),
  failed: z.nullable(z.strictObject({ node: z.string(), time: moment, message: z.string() })),
  schedule: z.nullable(z.strictObject({ node: z.string(), every: z.int(), since: moment })),
});

/** Sums; of CPU and memory over the nodes that were measured, and how many these are. */
const totals = z.strictObject({
  nodes: z.strictObject({ ready: count, joined: z.int(), all: z.int() }),
  pods: z.nullable(z.strictObject({ running: z.int(), all: z.int() })),
  cpu: use,
  memory: use,
  versions: z.array(z.string()),
});

/** While it is lost, what is shown is what was heard last, and when that was. */
const connection = z.strictObject({
  state: z.enum(["connecting", "live", "lost"]),
  lastHeard: moment,
  problem: text,
});

/** Document `Status` of `status`; CPU in cores, memory and disk in bytes. */
export const STATUS = {
  cluster: text,
  server: text,
  reachable: z.boolean(),
  connection,
  nodes: z.array(Node),
  services: z.nullable(z.array(Service)),
  workloads: z.array(Workload),
  podsRunning: count,
  totals,
  gitops: GITOPS,
  backup: BACKUP,
  metrics: z.strictObject({ known: z.boolean(), reason: z.string() }),
  gaps: z.array(z.string()),
  warnings: z.array(z.string()),
};

/** Document `KubeconfigMerge` of `kubeconfig`. */
export const KUBECONFIG_MERGE = {
  file: z.string(),
  context: z.string(),
  changed: z.boolean(),
  isCurrent: z.boolean(),
  backup: text,
  otherContexts: z.array(z.string()),
};
