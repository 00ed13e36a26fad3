/**
 * Reasons why a machine of the tailnet may not be suitable as a node.
 *
 * @module
 */

import { keyWarning } from "./key_expiry.ts";
import type { Peer } from "./peer.ts";

/** Systems that k3s does not run on (https://docs.k3s.io/installation/requirements), in words. */
const OTHER_SYSTEMS: Readonly<Record<string, string>> = {
  ios: "a phone or tablet",
  android: "a phone or tablet",
  tvos: "a TV box",
  windows: "a Windows machine",
  macos: "a Mac",
};

/** Warnings before a machine becomes a node; empty if it is suitable. */
export function nodeWarnings(peer: Peer, now: number): string[] {
  const system = OTHER_SYSTEMS[peer.os.toLowerCase()];
  const key = keyWarning(peer, now);
  return [
    ...(system === undefined ? [] : [`${peer.name} is ${system} (${peer.os}); k3s needs Linux.`]),
    ...(peer.shared
      ? [
        `${peer.name} belongs to another tailnet and is shared with this one; its owner controls the access.`,
      ]
      : []),
    ...(peer.online || peer.isSelf || peer.expired
      ? []
      : [`${peer.name} is offline; k3s-tool provision can set it up when it is back.`]),
    ...(key === undefined ? [] : [key]),
  ];
}
