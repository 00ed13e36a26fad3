/**
 * The JSON of `tailscale status --json` (and of the local API's `/localapi/v0/status`).
 *
 * Its shape: tailscale.com `ipn/ipnstate.Status`, read at v1.100.0. Fields that are not used here
 * may be anything; those that are used must be what that type says.
 *
 * @module
 */

import * as z from "zod";
import { safeText } from "../errors/safe_text.ts";
import { dnsLabel, shownHostname, toLabel } from "./names.ts";
import type { Peer, Tailnet } from "./peer.ts";

/** Not `node:net`, which takes Deno 25 ms to load. */
const IPV4 = z.ipv4();
const IPV6 = z.ipv6();

/** Go writes a list, map or pointer that is not there as null, or leaves it out. */
const text = z.string().nullish().transform((value) => value ?? "");
const texts = z.array(z.string()).nullish().transform((value) => value ?? []);
const flag = z.boolean().nullish().transform((value) => value ?? false);
const userId = z.union([z.number(), z.string()]).nullish().transform((value) => String(value ?? 0));
// Go's zero time stands for "no time".
const time = z.iso.datetime({ offset: true }).nullish().transform((value) =>
  value === null || value === undefined || value.startsWith("0001-")
    ? undefined
    : new Date(value).toISOString()
);

const PeerStatus = z.object({
  ID: text,
  PublicKey: text,
  HostName: text,
  DNSName: text,
  OS: text,
  UserID: userId,
  AltSharerUserID: userId,
  TailscaleIPs: texts,
  Tags: texts,
  LastSeen: time,
  Online: flag,
  sshHostKeys: texts,
  ShareeNode: flag,
  Expired: flag,
  KeyExpiry: time,
});

const Status = z.object({
  /** `ipn.State`: NoState, InUseOtherUser, NeedsLogin, NeedsMachineAuth, Stopped, Starting, Running. */
  BackendState: z.string().min(1),
  Self: PeerStatus.nullish(),
  Peer: z.record(z.string(), PeerStatus).nullish(),
  User: z.record(z.string(), z.object({ LoginName: text })).nullish(),
  MagicDNSSuffix: text,
});

/** The status document after its shape was checked. */
export type Status = z.infer<typeof Status>;

/** The status document of a text, or what about it is not understood. */
export function parseStatus(
  json: string,
): { readonly status: Status } | { readonly problem: string } {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return { problem: "not JSON" };
  }
  const parsed = Status.safeParse(value);
  if (parsed.success) return { status: parsed.data };
  const [issue] = parsed.error.issues;
  const path = issue?.path.map(String).join(".");
  return { problem: safeText(path ? `${path}: ${issue?.message}` : issue?.message ?? "unknown") };
}

/** The machines of a status document: each once, this one first, then by name. */
export function tailnetOf(status: Status): Tailnet {
  const users = status.User ?? {};
  const others = Object.entries(status.Peer ?? {});
  const machines = others.filter(([, peer]) => !isMullvadExitNode(peer.DNSName));
  const peers = machines.map(([key, peer]) => toPeer(peer, { key, users, isSelf: false }));
  peers.sort((a, b) => order(a.name, b.name) || order(a.id, b.id));
  const self = status.Self;
  if (self) peers.unshift(toPeer(self, { key: self.PublicKey || "self", users, isSelf: true }));
  return {
    peers,
    suffix: safeText(status.MagicDNSSuffix) || undefined,
    exitNodesLeftOut: others.length - machines.length,
  };
}

function toPeer(
  status: z.infer<typeof PeerStatus>,
  { key, users, isSelf }: {
    readonly key: string;
    readonly users: NonNullable<Status["User"]>;
    readonly isSelf: boolean;
  },
): Peer {
  const dnsName = safeText(status.DNSName).replace(/\.$/, "");
  const ipv4 = status.TailscaleIPs.find((ip) => IPV4.safeParse(ip).success);
  const label = toLabel(dnsLabel(dnsName));
  const hostname = shownHostname(status.HostName);
  const name = label ?? toLabel(hostname) ?? `peer-${toLabel(ipv4 ?? key) ?? "unknown"}`;
  const owner = safeText(ownValue(users, status.UserID)?.LoginName ?? "");
  return {
    id: safeText(status.ID || key),
    hostname: hostname === "" ? name : hostname,
    name,
    dnsName: dnsName === "" ? undefined : dnsName,
    ipv4,
    ipv6: status.TailscaleIPs.find((ip) => IPV6.safeParse(ip).success),
    os: safeText(status.OS),
    online: status.Online,
    lastSeen: status.Online ? undefined : status.LastSeen,
    tags: status.Tags.map((tag) => safeText(tag)),
    owner: owner === "" ? undefined : owner,
    keyExpiry: status.KeyExpiry,
    expired: status.Expired,
    sshHostKeys: status.sshHostKeys.map((hostKey) => safeText(hostKey)),
    isSelf,
    shared: status.ShareeNode || status.AltSharerUserID !== "0",
  };
}

/** Hundreds of servers that `tailscale status` hides too (`cmd/tailscale/cli/status.go`). */
function isMullvadExitNode(dnsName: string): boolean {
  return dnsName.endsWith(".mullvad.ts.net.");
}

function ownValue<V>(record: Readonly<Record<string, V>>, key: string): V | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
