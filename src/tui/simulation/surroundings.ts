/**
 * The simulated inventory and tailnet.
 *
 * @module
 */

import type { Inventory, InventoryHost } from "../../inventory/model.ts";
import type { Peer, Tailnet } from "../../tailscale/peer.ts";
import { REPOSITORY } from "./flux.ts";
import { K3S_VERSION, type Machine, machine, MACHINES } from "./machines.ts";
import type { SimPeer, SimState } from "./model.ts";

const DAY_MS = 86_400_000;

/** Where the simulated inventory seems to lie; there is no such file. */
const FILE = "(simulated)/inventory/hosts.yml";

/** Name of the simulated cluster. */
export const CLUSTER_NAME = "demo";

/** The inventory: all machines but one that somebody joined by hand. */
export function inventoryOf(): Inventory {
  const hosts = MACHINES.filter(({ inInventory }) => inInventory).map(hostOf);
  return {
    file: FILE,
    hosts,
    cluster: {
      clusterName: CLUSTER_NAME,
      k3sVersion: K3S_VERSION,
      tailscaleNetwork: "100.64.0.0/10",
      gitRepoUrl: REPOSITORY,
      gitBranch: "main",
      fluxNamespace: "flux-system",
      vars: new Map(),
    },
    roleGroups: { "control-plane": ["control_plane"], worker: ["workers"] },
    warnings: [],
  };
}

function hostOf(each: Machine, index: number): InventoryHost {
  const { name, role, ip, gpus, labels, taints, reserved } = each;
  return {
    name,
    nodeName: name,
    role,
    groups: [role === "control-plane" ? "control_plane" : "workers"],
    tailscaleIp: ip,
    ansibleHost: ip,
    ...(reserved.cpu > 0
      ? { reservedCpu: String(reserved.cpu), reservedMemory: `${reserved.memory}Gi` }
      : {}),
    ...(gpus > 0 ? { gpu: true } : {}),
    labels,
    taints,
    vars: new Map(),
    where: { file: FILE, line: index + 10 },
  };
}

/** The tailnet; a laptop is where all this is looked at. */
export function tailnetOf(state: SimState): Tailnet {
  const { startedAt } = state;
  return {
    peers: [
      { ...ORDINARY, id: "laptop", ...names("laptop"), ipv4: "100.64.0.20", isSelf: true },
      ...[...state.peers.values()].map((peer) => peerOf(peer, { startedAt }))
        .sort((a, b) => a.name < b.name ? -1 : 1),
    ],
    suffix: SUFFIX,
    exitNodesLeftOut: 0,
    gaps: [],
  };
}

const SUFFIX = "demo.ts.net";

const ORDINARY = {
  ipv6: undefined,
  os: "linux",
  online: true,
  lastSeen: undefined,
  tags: [],
  owner: "ada@example.com",
  keyExpiry: undefined,
  expired: false,
  sshHostKeys: [],
  isSelf: false,
  shared: false,
} as const satisfies Partial<Peer>;

function names(name: string) {
  return { hostname: name, name, dnsName: `${name}.${SUFFIX}` };
}

function peerOf(
  { name, online, since }: SimPeer,
  { startedAt }: { readonly startedAt: number },
): Peer {
  const { ip, keyDays } = machine(name);
  return {
    ...ORDINARY,
    id: name,
    ...names(name),
    ipv4: ip,
    online,
    lastSeen: online ? undefined : new Date(since).toISOString(),
    ...(keyDays === undefined ? { tags: ["tag:server"], owner: "tagged-devices" } : {
      keyExpiry: new Date(startedAt + keyDays * DAY_MS + DAY_MS / 2).toISOString(),
    }),
  };
}
