/**
 * Which peers a person asked for.
 *
 * @module
 */

import type { Peer } from "./peer.ts";

/** Every condition given must hold; of several values of one condition, one must. */
export interface PeerFilter {
  readonly online?: boolean;
  /** `linux`, without regard to case. */
  readonly os?: readonly string[];
  /** With or without `tag:`. */
  readonly tags?: readonly string[];
  /** A login, or the part of it before `@`. */
  readonly owners?: readonly string[];
  /** Patterns with `*` and `?`, on the name, hostname or MagicDNS name. */
  readonly names?: readonly string[];
}

/** The peers for which the filter holds, in their order. */
export function filterPeers<P extends Peer>(peers: readonly P[], filter: PeerFilter): P[] {
  const conditions = [
    filter.online === undefined ? undefined : (peer: Peer) => peer.online === filter.online,
    oneOf(filter.os, (wanted) => {
      const os = wanted.toLowerCase();
      return (peer) => peer.os.toLowerCase() === os;
    }),
    oneOf(filter.tags, (wanted) => {
      const tag = wanted.startsWith("tag:") ? wanted : `tag:${wanted}`;
      return (peer) => peer.tags.includes(tag);
    }),
    oneOf(filter.owners, (wanted) => {
      const owner = wanted.toLowerCase();
      return (peer) => {
        const login = peer.owner?.toLowerCase();
        return login === owner || login?.split("@", 1)[0] === owner;
      };
    }),
    oneOf(filter.names, (wanted) => {
      const pattern = globPattern(wanted);
      return (peer) =>
        [peer.name, peer.hostname, peer.dnsName ?? ""].some((name) => pattern.test(name));
    }),
  ].filter((condition) => condition !== undefined);
  return peers.filter((peer) => conditions.every((condition) => condition(peer)));
}

function oneOf(
  wanted: readonly string[] | undefined,
  test: (value: string) => (peer: Peer) => boolean,
): ((peer: Peer) => boolean) | undefined {
  if (wanted === undefined || wanted.length === 0) return undefined;
  const tests = wanted.map(test);
  return (peer) => tests.some((each) => each(peer));
}

/** `*` stands for any text, `?` for one character; case does not matter. */
function globPattern(glob: string): RegExp {
  const source = glob.replace(/[.+^${}()|[\]\\]/g, "\\$&").replace(/\*+/g, ".*").replace(
    /\?/g,
    ".",
  );
  return new RegExp(`^${source}$`, "iu");
}
