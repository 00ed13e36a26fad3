/**
 * The tool's own known_hosts: keys that the tailnet publishes, and keys accepted at first sight.
 *
 * @module
 */

import type { Peer } from "../../tailscale/peer.ts";

/** An OpenSSH public key: type and base64, as `ssh-keyscan` prints them. */
const PUBLIC_KEY = /^(?:ssh-(?:ed25519|rsa)|ecdsa-sha2-nistp(?:256|384|521)) [A-Za-z0-9+/]+={0,2}$/;

/** What may stand as a name in known_hosts; anything else could hide a second entry or a pattern. */
const HOST_NAME = /^[A-Za-z0-9._:-]+$/;

/**
 * The known_hosts lines for all keys that Tailscale SSH publishes.
 *
 * Tailscale's control server and the peer's own tailscaled vouch for them, so ssh need not trust
 * the first connection (`sshHostKeys` in `tailscale status --json`).
 */
export function publishedHostKeys(peers: readonly Peer[]): string {
  return peers.flatMap((peer) => {
    const names = [peer.ipv4, peer.ipv6, peer.dnsName, peer.dnsName?.split(".")[0]]
      .filter((name) => name !== undefined && HOST_NAME.test(name));
    if (names.length === 0) return [];
    return peer.sshHostKeys
      .map((key) => key.trim().split(/\s+/).slice(0, 2).join(" "))
      .filter((key) => PUBLIC_KEY.test(key))
      .map((key) => `${names.join(",")} ${key}\n`);
  }).join("");
}

/** The two known_hosts files. */
export interface KnownHosts {
  /** Written by ssh: keys accepted when a host was first seen. */
  readonly accepted: string;
  /** Written by this tool: keys the tailnet publishes. */
  readonly published: string;
}

/** Where the tool keeps known host keys. */
export function knownHostsFiles(state: string): KnownHosts {
  return { accepted: `${state}/known_hosts`, published: `${state}/known_hosts.tailnet` };
}

/**
 * The ssh options that make it check host keys against our files only.
 *
 * ssh writes new keys to the first file. A path may hold blanks: ssh takes quotes, Ansible splits
 * the whole as a shell would.
 */
export function hostKeyArguments({ accepted, published }: KnownHosts): string {
  return `-o 'UserKnownHostsFile="${accepted}" "${published}"' -o StrictHostKeyChecking=accept-new`;
}
