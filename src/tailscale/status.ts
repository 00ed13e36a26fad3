/**
 * The JSON of `tailscale status --json` (and of the local API's `/localapi/v0/status`), and the names of
 * its peers.
 *
 * Its shape: tailscale.com `ipn/ipnstate.Status`, read at v1.100.0. Fields that are not used here
 * may be anything; those that are used must be what that type says.
 *
 * @module
 */

import * as z from "zod";
import { safeText } from "../errors/safe_text.ts";
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
  // Machine by machine, see `peerOf`: one that is not understood must not hide the others.
  Self: z.unknown(),
  Peer: z.record(z.string(), z.unknown()).nullish(),
  User: z.record(z.string(), z.object({ LoginName: text }).catch({ LoginName: "" })).nullish(),
  MagicDNSSuffix: text,
  Version: z.string().nullish(),
  /** What the control server knows of releases for this machine; without LatestVersion there is none newer. */
  ClientVersion: z.object({ LatestVersion: text }).nullish().catch(undefined),
});

/** The status document after its shape was checked. */
export type Status = z.infer<typeof Status>;

/** True where the document says that the key of this machine has expired. */
export function selfExpired({ Self }: Status): boolean {
  return PeerStatus.safeParse(Self).data?.Expired ?? false;
}

/** The release that a machine runs and the one that it should be upgraded to, where it runs an old one. */
export function newerRelease(
  { Version, ClientVersion }: Status,
): { readonly runs: string; readonly latest: string } | undefined {
  const latest = safeText(ClientVersion?.LatestVersion ?? "");
  // The long form has the commit after the release: 1.98.1-t12345678-g12345678.
  return latest === "" ? undefined : { runs: safeText((Version ?? "").split("-")[0]!), latest };
}

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
  const suffix = safeText(status.MagicDNSSuffix).replace(/^\.|\.$/g, "").toLowerCase();
  const gaps = status.BackendState === "Starting"
    ? [
      "Tailscale is still starting on this machine: some machines may be missing or shown as offline.",
    ]
    : [];
  const read = (key: string, value: unknown, isSelf: boolean): Peer | undefined => {
    const { peer, problem } = peerOf(value);
    const made = peer === undefined ? undefined : toPeer(peer, { key, users, suffix, isSelf });
    if (problem !== undefined) {
      gaps.push(
        `Cannot parse Tailscale's data about ${made?.name ?? safeText(key)} (${problem}); ` +
          (made === undefined ? "the machine is skipped." : "this part is skipped."),
      );
    }
    return made;
  };
  const others = Object.entries(status.Peer ?? {});
  const machines = others.filter(([, peer]) => !isMullvadExitNode(peer));
  const peers = machines.flatMap(([key, peer]) => read(key, peer, false) ?? []);
  peers.sort((a, b) => order(a.name, b.name) || order(a.id, b.id));
  const self = status.Self === null || status.Self === undefined
    ? undefined
    : read("self", status.Self, true);
  if (self !== undefined) peers.unshift(self);
  return {
    peers,
    suffix: suffix || undefined,
    exitNodesLeftOut: others.length - machines.length,
    gaps,
  };
}

/** One machine without the fields that are not understood; nothing where it is no map at all. */
function peerOf(
  value: unknown,
): { readonly peer?: z.infer<typeof PeerStatus>; readonly problem?: string } {
  const parsed = PeerStatus.safeParse(value);
  if (parsed.success) return { peer: parsed.data };
  const fields = parsed.error.issues.map(({ path }) => String(path[0] ?? ""));
  const known = typeof value === "object" && value !== null
    ? Object.entries(value).filter(([name]) => !fields.includes(name))
    : undefined;
  const [issue] = parsed.error.issues;
  const problem = safeText(
    [issue?.path.map(String).join("."), issue?.message].filter(Boolean).join(": "),
  );
  return known === undefined
    ? { problem }
    : { peer: PeerStatus.parse(Object.fromEntries(known)), problem };
}

function toPeer(
  status: z.infer<typeof PeerStatus>,
  { key, users, suffix, isSelf }: {
    readonly key: string;
    readonly users: NonNullable<Status["User"]>;
    /** Of the tailnet, in lower case; empty where it is not known. */
    readonly suffix: string;
    readonly isSelf: boolean;
  },
): Peer {
  const dnsName = safeText(status.DNSName).replace(/\.$/, "");
  const ipv4 = status.TailscaleIPs.find((ip) => IPV4.safeParse(ip).success);
  const label = toLabel(dnsLabel(dnsName));
  // tailscaled names the sharer only where that is not the owner (tailscale.com
  // `ipn/ipnstate/ipnstate.go`, AltSharerUserID); a shared machine keeps the name of its tailnet.
  const foreign = suffix !== "" && dnsName.includes(".") &&
    !dnsName.toLowerCase().endsWith(`.${suffix}`);
  const hostname = shownHostname(status.HostName);
  const name = label ?? toLabel(hostname) ?? `peer-${toLabel(ipv4 ?? key) ?? "unknown"}`;
  const owner = safeText(ownValue(users, status.UserID)?.LoginName ?? "");
  return {
    id: safeText(status.ID || status.PublicKey || key),
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
    shared: !isSelf && (status.ShareeNode || status.AltSharerUserID !== "0" || foreign),
  };
}

/** Hundreds of servers that `tailscale status` hides too (`cmd/tailscale/cli/status.go`). */
function isMullvadExitNode(peer: unknown): boolean {
  const name = (peer as { readonly DNSName?: unknown } | null)?.DNSName;
  return typeof name === "string" && name.endsWith(".mullvad.ts.net.");
}

function ownValue<V>(record: Readonly<Record<string, V>>, key: string): V | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Longest label of DNS (RFC 1035, 2.3.4), and so of a Kubernetes node's name in one label. */
const LABEL_LENGTH = 63;

/** The first label of a MagicDNS name. */
export function dnsLabel(dnsName: string): string {
  return dnsName.split(".", 1)[0] ?? "";
}

/** What MagicDNS gives out, in lower case (tailscale.com `util/dnsname/dnsname.go`, ValidLabel). */
const MAGIC_LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** `text` as an RFC 1123 label, as it is where it is one already, or undefined where nothing of it can stay. */
export function toLabel(text: string): string | undefined {
  const lower = text.toLowerCase();
  if (MAGIC_LABEL.test(lower)) return lower;
  const label = safeText(text)
    .normalize("NFKD")
    .replace(/\p{Mark}+/gu, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, LABEL_LENGTH)
    .replace(/^-+|-+$/g, "");
  return label === "" ? undefined : label;
}

/** A hostname as it is shown: one harmless line, cut where no hostname could go on. */
export function shownHostname(text: string): string {
  const harmless = [...safeText(text.toWellFormed()).trim()];
  return harmless.length <= LABEL_LENGTH
    ? harmless.join("")
    : harmless.slice(0, LABEL_LENGTH - 1).join("") + "…";
}
