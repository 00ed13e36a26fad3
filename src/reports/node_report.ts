/**
 * Every node with all that is known of it, from the inventory, the cluster and the tailnet.
 *
 * @module
 */

import type { ClusterState, Usage } from "../cluster/watch/cluster_state.ts";
import type { ClusterNode, ClusterPod, NodeCondition } from "../cluster/read/objects.ts";
import type { InventoryHost, Role } from "../inventory/model.ts";
import { type KeyState, keyState } from "../tailscale/suitability.ts";
import { toLabel } from "../tailscale/status.ts";
import type { Peer } from "../tailscale/peer.ts";
import { type PodIndex, podIndex } from "./pod_index.ts";

/** How a node stands, in one word. */
export type NodeStatus =
  | "Ready"
  | "NotReady"
  /** Nothing is heard of it: the tailnet says offline, or the kubelet stopped reporting. */
  | "Unreachable"
  /** In the inventory, not yet in the cluster. */
  | "NotProvisioned"
  /** The cluster could not be asked. */
  | "Unknown";

/** Who says so. */
export type StatusSource = "cluster" | "tailnet" | "inventory";

/** A node. Undefined stands for what is not known, never for zero. */
export interface NodeReport {
  /** Of the node, else of the host. */
  readonly name: string;
  readonly role: Role | undefined;
  readonly status: NodeStatus;
  /** ISO 8601: since when it is so; undefined where nobody says. */
  readonly since: string | undefined;
  readonly source: StatusSource;
  /** Why, as a sentence without a full stop; empty where all is well. */
  readonly reason: string;
  readonly cordoned: boolean;
  /** `MemoryPressure`, `DiskPressure`, `PIDPressure`, `NetworkUnavailable`. */
  readonly pressures: readonly string[];
  readonly inInventory: boolean | undefined;
  readonly host: InventoryHost | undefined;
  readonly node: ClusterNode | undefined;
  readonly peer: Peer | undefined;
  readonly tailscaleIp: string | undefined;
  readonly key: KeyState | undefined;
  readonly used: Usage | undefined;
  /** Cores, bytes and cards that its pods ask for. */
  readonly requested:
    | { readonly cpu: number; readonly memory: number; readonly gpus: number }
    | undefined;
  /** Pods on it that have not ended. */
  readonly pods: number | undefined;
}

/** What a report is made from; undefined where it could not be read. */
export interface NodeSources {
  readonly hosts: readonly InventoryHost[] | undefined;
  readonly cluster: ClusterState | undefined;
  /** Why nothing is known of the cluster, where that is so. */
  readonly unheard?: string;
  readonly peers: readonly Peer[] | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** Each host and each node once: the inventory's in its order, then nodes it does not have. */
export function nodeReports(sources: NodeSources): NodeReport[] {
  const nodes = [...sources.cluster?.nodes?.values() ?? []];
  const known = lookUps(nodes, sources);
  const claimed = new Set<ClusterNode>();
  const free = (found: readonly ClusterNode[] = []) => found.find((node) => !claimed.has(node));
  const ofHosts = (sources.hosts ?? []).map((host) => {
    const node = free(known.byName.get(host.nodeName)) ??
      (host.tailscaleIp === undefined ? undefined : free(known.byAddress.get(host.tailscaleIp)));
    if (node !== undefined) claimed.add(node);
    return report(known, { host, node });
  });
  const others = nodes.filter((node) => !claimed.has(node))
    .sort((a, b) => a.name < b.name ? -1 : 1)
    .map((node) => report(known, { host: undefined, node }));
  return [...ofHosts, ...others];
}

/** What is looked up for every node; with 1,000 of them nothing may be searched for from end to end. */
interface LookUps extends NodeSources {
  readonly byName: ReadonlyMap<string, readonly ClusterNode[]>;
  readonly byAddress: ReadonlyMap<string, readonly ClusterNode[]>;
  readonly peersByAddress: ReadonlyMap<string, Peer>;
  readonly peersByName: ReadonlyMap<string, Peer>;
  readonly selfOnline: boolean;
  /** Undefined where pods are not known. */
  readonly pods: PodIndex | undefined;
}

/** What one report is about; at least one of host and node is known. */
interface Subject {
  readonly host: InventoryHost | undefined;
  readonly node: ClusterNode | undefined;
  readonly peer?: Peer | undefined;
}

function lookUps(nodes: readonly ClusterNode[], sources: NodeSources): LookUps {
  const { peers = [], cluster } = sources;
  const byAddress = new Map<string, ClusterNode[]>();
  for (const node of nodes) {
    for (const address of node.internalIps) {
      const known = byAddress.get(address);
      if (known === undefined) byAddress.set(address, [node]);
      else known.push(node);
    }
  }
  // Of several the first counts, so it is put in last.
  const backwards = peers.toReversed();
  return {
    ...sources,
    byName: Map.groupBy(nodes, ({ name }) => name),
    byAddress,
    peersByAddress: new Map(
      backwards.flatMap((peer) => peer.ipv4 === undefined ? [] : [[peer.ipv4, peer]]),
    ),
    peersByName: new Map(
      backwards.flatMap((peer) => peer.shared ? [] : [[peer.name, peer]]),
    ),
    selfOnline: peers.find(({ isSelf }) => isSelf)?.online ?? false,
    pods: cluster?.pods && podIndex(cluster.pods),
  };
}

function report(known: LookUps, { host, node }: Subject): NodeReport {
  const { cluster, now } = known;
  const addresses = [...node?.internalIps ?? [], host?.tailscaleIp];
  const peer = addresses.map((address) =>
    address === undefined ? undefined : known.peersByAddress.get(address)
  ).find((each) => each !== undefined);
  const pods = node === undefined ? undefined : known.pods?.onNode(node.name);
  return {
    name: node?.name ?? host?.nodeName ?? "",
    role: node === undefined ? host?.role : roleOf(node),
    ...statusOf(known, { host, node, peer }),
    cordoned: node?.cordoned ?? false,
    pressures: (node?.conditions ?? []).flatMap(({ type, status }) => {
      if (type === "Ready" || status === "Unknown" || status === goodStatus(type)) return [];
      return status === "True" ? type : `${type}=${status}`;
    }),
    inInventory: known.hosts === undefined ? undefined : host !== undefined,
    host,
    node,
    peer,
    tailscaleIp: peer?.ipv4 ?? host?.tailscaleIp ?? node?.internalIps[0],
    key: peer === undefined ? undefined : keyState(peer, now),
    used: node !== undefined && cluster?.metrics.known
      ? cluster.metrics.nodes.get(node.name)
      : undefined,
    requested: pods && sumOfRequests(pods),
    pods: pods?.length,
  };
}

/**
 * The status that is well for a condition of a node. Most report trouble (`MemoryPressure`, and all
 * of node-problem-detector); these tell that something is as it should be. `EtcdIsVoter` is k3s' own
 * (`pkg/etcd/etcd.go`).
 */
export function goodStatus(type: string): "True" | "False" {
  return /^EtcdIsVoter$|Ready$|Available$|Healthy$/.test(type) ? "True" : "False";
}

function sumOfRequests(pods: readonly ClusterPod[]) {
  let [cpu, memory, gpus] = [0, 0, 0];
  for (const { requests } of pods) {
    cpu += requests.cpu;
    memory += requests.memory;
    gpus += requests.gpus ?? 0;
  }
  return { cpu, memory, gpus };
}

type Standing = Pick<NodeReport, "status" | "since" | "source" | "reason">;

function statusOf(known: LookUps, { host, node, peer }: Subject): Standing {
  // While this machine itself is cut off, the tailnet's word on others is old.
  const away = known.selfOnline ? tailnetAbsence(peer, known.now) : undefined;
  if (node === undefined && known.cluster?.nodes !== undefined) {
    const odd = away?.reason ?? (peer === undefined ? missingPeer(host, known) : undefined);
    const reason = odd ?? "not in the cluster yet";
    return { status: "NotProvisioned", since: undefined, source: "inventory", reason };
  }
  if (away !== undefined) return away;
  if (node === undefined) {
    const reason = known.unheard ?? "the cluster cannot be read";
    return { status: "Unknown", since: undefined, source: "cluster", reason };
  }
  const ready = node.conditions.find(({ type }) => type === "Ready");
  if (ready === undefined || ready.status === "Unknown") {
    return standing("Unreachable", ready, "the kubelet does not report");
  }
  if (ready.status === "False") return standing("NotReady", ready, "the kubelet is not ready");
  return { status: "Ready", since: ready.since, source: "cluster", reason: "" };
}

/** What is odd about a host's address that no machine of the tailnet has. */
function missingPeer(
  host: InventoryHost | undefined,
  { peers, peersByName }: LookUps,
): string | undefined {
  if (host?.tailscaleIp === undefined || peers === undefined) return undefined;
  const moved = peersByName.get(toLabel(host.name) ?? "");
  return moved?.ipv4 === undefined
    ? `no machine of the tailnet has the address ${host.tailscaleIp}`
    : `the inventory has ${host.tailscaleIp}, the tailnet ${moved.ipv4}`;
}

function tailnetAbsence(peer: Peer | undefined, now: number): Standing | undefined {
  if (peer === undefined || peer.isSelf) return undefined;
  const expired = keyState(peer, now).kind === "expired";
  if (peer.online && !expired) return undefined;
  return {
    status: "Unreachable",
    since: expired ? peer.keyExpiry ?? peer.lastSeen : peer.lastSeen,
    source: "tailnet",
    reason: expired ? "its Tailscale key has expired" : "its Tailscale is offline",
  };
}

function standing(
  status: NodeStatus,
  ready: NodeCondition | undefined,
  otherwise: string,
): Standing {
  const reason = ready?.message.replace(/\.$/, "") || ready?.reason || otherwise;
  return { status, since: ready?.since, source: "cluster", reason };
}

function roleOf(node: ClusterNode): Role {
  return node.roles.includes("control-plane") || node.roles.includes("master")
    ? "control-plane"
    : "worker";
}
