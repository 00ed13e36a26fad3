/**
 * A machine of the tailnet, as this machine's Tailscale knows it.
 *
 * @module
 */

/** One machine. Every text is harmless for a terminal, whatever the machine calls itself. */
export interface Peer {
  /** Stays the same for as long as the machine is in the tailnet. */
  readonly id: string;
  /** What the machine calls itself; not unique. */
  readonly hostname: string;
  /** Usable as an inventory name: the MagicDNS label, else the hostname made to fit. */
  readonly name: string;
  /** Full MagicDNS name without the final dot; undefined where the tailnet gives none. */
  readonly dnsName: string | undefined;
  /** Chosen by family, never by position (k3s #7831). */
  readonly ipv4: string | undefined;
  readonly ipv6: string | undefined;
  /** `linux`, `macOS`, `windows`, `iOS`, …; empty where it is not known. */
  readonly os: string;
  readonly online: boolean;
  /** ISO 8601; undefined while it is online or where it was never seen. */
  readonly lastSeen: string | undefined;
  /** `tag:server`, … */
  readonly tags: readonly string[];
  /** Login of the owner (`tagged-devices` for tagged machines); undefined where it is not known. */
  readonly owner: string | undefined;
  /** ISO 8601; undefined where the key does not expire. */
  readonly keyExpiry: string | undefined;
  /** The key has expired: nobody reaches the machine until it logs in again. */
  readonly expired: boolean;
  /** In `authorized_keys` form without a name, from Tailscale SSH; empty where it is off. */
  readonly sshHostKeys: readonly string[];
  /** This very machine. */
  readonly isSelf: boolean;
  /** Belongs to another tailnet and is shared with this one, or the other way round. */
  readonly shared: boolean;
}

/** What `tailscale status` says. */
export interface Tailnet {
  /** This machine first, then the others by name. */
  readonly peers: readonly Peer[];
  /** `example.ts.net`, without dots around it; undefined where it is not known. */
  readonly suffix: string | undefined;
  /** Exit nodes of Mullvad's service, which are listed by Tailscale but are nobody's machines. */
  readonly exitNodesLeftOut: number;
  /** What may be missing here or wrong, each as a sentence. */
  readonly gaps: readonly string[];
}
