/**
 * Status documents as tailscaled writes them, made to measure.
 *
 * @module
 */

import type { RunResult } from "../../src/process/runner.ts";
import { FakeRunner } from "../process/fake_runner.ts";

/** Fields of `ipnstate.PeerStatus` (tailscale.com v1.100.0) that tests set. */
export interface PeerFields {
  readonly ID?: string;
  readonly HostName?: string;
  readonly DNSName?: string;
  readonly OS?: string;
  readonly UserID?: number;
  readonly AltSharerUserID?: number;
  readonly TailscaleIPs?: readonly string[] | null;
  readonly Tags?: readonly string[];
  readonly LastSeen?: string;
  readonly Online?: boolean;
  readonly sshHostKeys?: readonly string[];
  readonly ShareeNode?: boolean;
  readonly Expired?: boolean;
  readonly KeyExpiry?: string;
}

/** A peer with every field that Go never leaves out. */
export function peerFields(name: string, address: string, fields: PeerFields = {}) {
  return {
    ID: `id-${name}`,
    PublicKey: `nodekey:${name}`,
    HostName: name,
    DNSName: `${name}.example.ts.net.`,
    OS: "linux",
    UserID: 1,
    TailscaleIPs: [address],
    Addrs: null,
    CurAddr: "",
    Relay: "nyc",
    LastSeen: "0001-01-01T00:00:00Z",
    Online: true,
    ...fields,
  };
}

/** A status document; `self` is a machine called `ws`. */
export function statusJson(
  { peers = [], self = {}, ...rest }: {
    readonly peers?: readonly ReturnType<typeof peerFields>[] | null;
    readonly self?: PeerFields | null;
    readonly [field: string]: unknown;
  } = {},
): string {
  return JSON.stringify({
    Version: "1.100.0",
    TUN: true,
    BackendState: "Running",
    AuthURL: "",
    TailscaleIPs: ["100.64.0.9"],
    Self: self === null ? null : peerFields("ws", "100.64.0.9", self),
    Health: [],
    MagicDNSSuffix: "example.ts.net",
    CertDomains: null,
    Peer: peers === null ? null : Object.fromEntries(peers.map((peer) => [peer.PublicKey, peer])),
    User: { "1": { ID: 1, LoginName: "ada@example.com", DisplayName: "Ada" } },
    ClientVersion: null,
    ...rest,
  });
}

/** A runner that has `tailscale` alone, which ends like this. */
export function tailscaleSays(answer: Partial<RunResult> | string): FakeRunner {
  return new FakeRunner().on("tailscale", typeof answer === "string" ? { stdout: answer } : answer);
}
