/**
 * How a machine of the tailnet stands to the inventory and to the cluster.
 *
 * @module
 */

import type { ClusterNode } from "../cluster/read/objects.ts";
import type { InventoryHost } from "../inventory/model.ts";
import { toLabel } from "../tailscale/status.ts";
import type { Peer } from "../tailscale/peer.ts";

/** In one word. */
export type Membership =
  /** In the inventory and in the cluster. */
  | "both"
  | "inventory"
  | "cluster"
  | "none"
  /** The inventory has it under another address. */
  | "other-address"
  /** The inventory or the cluster could not be read, and the word depends on it. */
  | "unknown";

/** A peer and where it belongs. */
export interface Member {
  readonly peer: Peer;
  readonly membership: Membership;
  /** Undefined where the inventory could not be read. */
  readonly inInventory: boolean | undefined;
  /** Undefined where the cluster could not be asked. */
  readonly inCluster: boolean | undefined;
  /** The host of the inventory that it is, by address, or by name under another address. */
  readonly host: InventoryHost | undefined;
  /** The node that it is. */
  readonly node: ClusterNode | undefined;
}

/** What peers are compared with; undefined where it could not be read. */
export interface Memberships {
  readonly hosts: readonly InventoryHost[] | undefined;
  readonly nodes: readonly ClusterNode[] | undefined;
}

/** Every peer once, in the order given, with its membership. */
export function membersOf(peers: readonly Peer[], { hosts, nodes }: Memberships): Member[] {
  const taken = new Set(peers.map(({ ipv4 }) => ipv4));
  return peers.map((peer) => {
    const sameAddress = hosts?.find(({ tailscaleIp }) =>
      tailscaleIp !== undefined && tailscaleIp === peer.ipv4
    );
    const moved = sameAddress === undefined
      ? hosts?.find((host) => isSameMachine(peer, host, { taken }))
      : undefined;
    const node = nodes?.find(({ internalIps }) =>
      internalIps.some((ip) => ip === peer.ipv4 || ip === peer.ipv6)
    );
    const inInventory = hosts === undefined ? undefined : sameAddress !== undefined;
    const inCluster = nodes === undefined ? undefined : node !== undefined;
    return {
      peer,
      membership: moved === undefined ? wordFor(inInventory, inCluster) : "other-address",
      inInventory,
      inCluster,
      host: sameAddress ?? moved,
      node,
    };
  });
}

function wordFor(inInventory: boolean | undefined, inCluster: boolean | undefined): Membership {
  if (inInventory === undefined || inCluster === undefined) return "unknown";
  if (inInventory) return inCluster ? "both" : "inventory";
  return inCluster ? "cluster" : "none";
}

/**
 * Whether a host whose address differs is this peer, by name.
 *
 * The tailnet's own name for a machine counts always; what a machine calls itself only where
 * nobody has the host's address, as with a machine that joined anew and became `nuc-1`.
 */
function isSameMachine(
  peer: Peer,
  host: InventoryHost,
  { taken }: { readonly taken: ReadonlySet<string | undefined> },
): boolean {
  if (peer.shared || host.tailscaleIp === undefined) return false;
  const names = [host.name, host.nodeName].map((name) => toLabel(name));
  if (names.includes(peer.name)) return true;
  return !taken.has(host.tailscaleIp) && names.includes(toLabel(peer.hostname) ?? "");
}
