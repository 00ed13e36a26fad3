/**
 * Machines of the tailnet as rows and documents.
 *
 * @module
 */

import type { DiscoveredMachine } from "../../actions/hosts/discover.ts";
import type { Member, Membership } from "../../reports/membership.ts";
import { keyState } from "../../tailscale/suitability.ts";
import type { Peer } from "../../tailscale/peer.ts";
import { NOTHING, since } from "../words/amounts.ts";
import { Peer as PeerDocument } from "./documents.ts";
import { gpuText, modelOf } from "./machines.ts";
import { shaped } from "./shaped.ts";
import type { Column } from "./table.ts";
import { type Cell, inTone, type Tone } from "../words/tone.ts";

/** Columns of `discover`, at `now` (milliseconds since the epoch). */
export function peerColumns(now: number): readonly Column<DiscoveredMachine>[] {
  return [
    { header: "NAME", cell: ({ peer }) => peer.name },
    { header: "TAILSCALE-IP", cell: ({ peer }) => peer.ipv4 ?? NOTHING },
    { header: "OS", cell: ({ peer }) => peer.os || NOTHING },
    { header: "STATUS", cell: ({ peer }) => onlineCell(peer, now) },
    { header: "MEMBERSHIP", cell: membershipCell },
    { header: "TAGS", cell: ({ peer }) => peer.tags.join(",") || NOTHING },
    { header: "MODEL", wide: true, cell: ({ facts }) => facts ? modelOf(facts) : NOTHING },
    { header: "GPU", wide: true, cell: ({ facts }) => facts ? gpuText(facts) : NOTHING },
    { header: "HOSTNAME", wide: true, cell: ({ peer }) => peer.hostname },
    { header: "MAGICDNS", wide: true, cell: ({ peer }) => peer.dnsName ?? NOTHING },
    { header: "OWNER", wide: true, cell: ({ peer }) => peer.owner ?? NOTHING },
    { header: "KEY", wide: true, cell: ({ peer }) => keyCell(peer, now) },
    { header: "NOTE", optional: true, cell: ({ peer }) => noteOf(peer) },
  ];
}

function onlineCell(peer: Peer, now: number): Cell {
  if (peer.expired || keyState(peer, now).kind === "expired") {
    return inTone("bad", "key expired");
  }
  if (peer.online) return inTone("good", "online");
  const seen = since(peer.lastSeen, now);
  return inTone("muted", seen === NOTHING ? "offline" : `offline ${seen}`);
}

const WORDS: Readonly<Record<Membership, { readonly text: string; readonly tone: Tone }>> = {
  both: inTone("good", "inventory, cluster"),
  inventory: inTone("accent", "inventory only"),
  cluster: inTone("warn", "cluster only"),
  none: inTone("muted", "none"),
  "other-address": inTone("warn", "other address"),
  unknown: inTone("muted", "unknown"),
};

function membershipCell({ membership, inInventory, inCluster, host }: Member): Cell {
  if (membership === "other-address") {
    return inTone("warn", `in inventory as ${host?.tailscaleIp ?? NOTHING}`);
  }
  if (membership !== "unknown") return WORDS[membership];
  if (inInventory !== undefined) {
    return inTone(
      inInventory ? "accent" : "muted",
      `${inInventory ? "inventory" : "none"} (cluster unknown)`,
    );
  }
  if (inCluster !== undefined) {
    return inTone("muted", `${inCluster ? "cluster" : "none"} (inventory unknown)`);
  }
  return WORDS.unknown;
}

/** How the key of a peer stands, in few words. */
export function keyCell(peer: Peer, now: number): Cell {
  const key = keyState(peer, now);
  if (key.kind === "lasting") return "does not expire";
  if (key.kind === "expired") return inTone("bad", "expired");
  return inTone(key.kind === "ending" ? "warn" : "plain", `${key.days}d left`);
}

function noteOf(peer: Peer): string {
  return [peer.isSelf ? "this machine" : "", peer.shared ? "shared" : ""].filter(Boolean).join(
    ", ",
  );
}

/** A peer as it stands in JSON documents. */
export function peerItem({ peer, host, node, facts, ...member }: DiscoveredMachine) {
  return shaped(PeerDocument, {
    ...peer,
    ...member,
    inventoryHost: host?.name,
    inventoryAddress: host?.tailscaleIp,
    node: node?.name,
    model: facts?.model,
    gpus: facts?.gpus.map(({ model, device }) => model ?? device ?? "NVIDIA"),
  });
}
