/**
 * Machines of the tailnet as rows and documents.
 *
 * @module
 */

import type { Member, Membership } from "../../reports/membership.ts";
import { keyState } from "../../tailscale/key_expiry.ts";
import type { Peer } from "../../tailscale/peer.ts";
import { NOTHING, since } from "../words/amounts.ts";
import type { Column } from "./table.ts";
import type { Cell, Tone } from "../words/tone.ts";

/** Columns of `discover`, at `now` (milliseconds since the epoch). */
export function peerColumns(now: number): readonly Column<Member>[] {
  return [
    { header: "NAME", cell: ({ peer }) => peer.name },
    { header: "TAILSCALE-IP", cell: ({ peer }) => peer.ipv4 ?? NOTHING },
    { header: "OS", cell: ({ peer }) => peer.os || NOTHING },
    { header: "STATUS", cell: ({ peer }) => onlineCell(peer, now) },
    { header: "MEMBERSHIP", cell: membershipCell },
    { header: "TAGS", cell: ({ peer }) => peer.tags.join(",") || NOTHING },
    { header: "HOSTNAME", wide: true, cell: ({ peer }) => peer.hostname },
    { header: "MAGICDNS", wide: true, cell: ({ peer }) => peer.dnsName ?? NOTHING },
    { header: "OWNER", wide: true, cell: ({ peer }) => peer.owner ?? NOTHING },
    { header: "KEY", wide: true, cell: ({ peer }) => keyCell(peer, now) },
    { header: "NOTE", optional: true, cell: ({ peer }) => noteOf(peer) },
  ];
}

function onlineCell(peer: Peer, now: number): Cell {
  if (peer.expired || keyState(peer, now).kind === "expired") {
    return { text: "key expired", tone: "bad" };
  }
  if (peer.online) return { text: "online", tone: "good" };
  const seen = since(peer.lastSeen, now);
  return { text: seen === NOTHING ? "offline" : `offline ${seen}`, tone: "muted" };
}

const WORDS: Readonly<Record<Membership, { readonly text: string; readonly tone: Tone }>> = {
  both: { text: "inventory, cluster", tone: "good" },
  inventory: { text: "inventory only", tone: "accent" },
  cluster: { text: "cluster only", tone: "warn" },
  none: { text: "none", tone: "muted" },
  "other-address": { text: "other address", tone: "warn" },
  unknown: { text: "unknown", tone: "muted" },
};

function membershipCell({ membership, inInventory, inCluster, host }: Member): Cell {
  if (membership === "other-address") {
    return { text: `in inventory as ${host?.tailscaleIp ?? NOTHING}`, tone: "warn" };
  }
  if (membership !== "unknown") return WORDS[membership];
  if (inInventory !== undefined) {
    return {
      text: `${inInventory ? "inventory" : "none"} (cluster unknown)`,
      tone: inInventory ? "accent" : "muted",
    };
  }
  if (inCluster !== undefined) {
    return {
      text: `${inCluster ? "cluster" : "none"} (inventory unknown)`,
      tone: "muted",
    };
  }
  return WORDS.unknown;
}

/** How the key of a peer stands, in few words. */
export function keyCell(peer: Peer, now: number): Cell {
  const key = keyState(peer, now);
  if (key.kind === "lasting") return "does not expire";
  if (key.kind === "expired") return { text: "expired", tone: "bad" };
  return { text: `${key.days}d left`, tone: key.kind === "ending" ? "warn" : "plain" };
}

function noteOf(peer: Peer): string {
  return [peer.isSelf ? "this machine" : "", peer.shared ? "shared" : ""].filter(Boolean).join(
    ", ",
  );
}

/** A peer as it stands in JSON documents; null stands for what is not known. */
export function peerItem({ peer, membership, inInventory, inCluster, host, node }: Member) {
  return {
    name: peer.name,
    hostname: peer.hostname,
    dnsName: peer.dnsName ?? null,
    ipv4: peer.ipv4 ?? null,
    ipv6: peer.ipv6 ?? null,
    os: peer.os,
    online: peer.online,
    lastSeen: peer.lastSeen ?? null,
    tags: peer.tags,
    owner: peer.owner ?? null,
    keyExpiry: peer.keyExpiry ?? null,
    expired: peer.expired,
    isSelf: peer.isSelf,
    shared: peer.shared,
    membership,
    inInventory: inInventory ?? null,
    inCluster: inCluster ?? null,
    inventoryHost: host?.name ?? null,
    inventoryAddress: host?.tailscaleIp ?? null,
    node: node?.name ?? null,
  };
}
