/**
 * What keeps a machine of the tailnet from being a node, or soon will: another system, another tailnet,
 * and a key that expires, with which the machine is gone from the tailnet (tailscale #7192, #16566).
 *
 * @module
 */

import type { Peer } from "./peer.ts";

/** Days before the end of a key from which on a person is warned, as in notify.py. */
export const WARN_DAYS = 14;

const DAY_MS = 86_400_000;

/** How a key stands. */
export type KeyState =
  | { readonly kind: "lasting" }
  | { readonly kind: "valid" | "ending"; readonly days: number }
  | { readonly kind: "expired"; readonly days: number | undefined };

/** State of a peer's key at `now` (milliseconds since the epoch), in whole days. */
export function keyState(peer: Pick<Peer, "keyExpiry" | "expired">, now: number): KeyState {
  if (peer.keyExpiry === undefined) {
    return peer.expired ? { kind: "expired", days: undefined } : { kind: "lasting" };
  }
  const left = Date.parse(peer.keyExpiry) - now;
  if (peer.expired || left <= 0) {
    return { kind: "expired", days: Math.max(0, Math.floor(-left / DAY_MS)) };
  }
  const days = Math.floor(left / DAY_MS);
  return { kind: days < WARN_DAYS ? "ending" : "valid", days };
}

/** A sentence for a key that has ended or soon will; undefined where there is nothing to say. */
export function keyWarning(
  peer: Pick<Peer, "keyExpiry" | "expired" | "name">,
  now: number,
): string | undefined {
  const state = keyState(peer, now);
  const remedy = "renew it there with: tailscale up --force-reauth, " +
    "or give servers a tag or turn expiry off in the admin console";
  if (state.kind === "expired") {
    return `The Tailscale key of ${peer.name} has expired; ${remedy}.`;
  }
  if (state.kind === "ending") {
    const when = state.days === 0
      ? "today"
      : state.days === 1
      ? "in 1 day"
      : `in ${state.days} days`;
    return `The Tailscale key of ${peer.name} expires ${when}; ${remedy}.`;
  }
  return undefined;
}

/** Systems that k3s does not run on (https://docs.k3s.io/installation/requirements), in words. */
const OTHER_SYSTEMS: Readonly<Record<string, string>> = {
  ios: "a phone or tablet",
  android: "a phone or tablet",
  tvos: "a TV box",
  windows: "a Windows machine",
  macos: "a Mac",
};

/** Why k3s cannot run on a machine, as a sentence without a full stop; undefined where it may. */
export function systemProblem({ name, os }: Peer): string | undefined {
  const system = OTHER_SYSTEMS[os.toLowerCase()];
  return system && `${name} is ${system} (${os}); k3s needs Linux`;
}

/** Warnings before a machine becomes a node; empty if it is suitable. */
export function nodeWarnings(peer: Peer, now: number): string[] {
  const system = systemProblem(peer);
  const key = keyWarning(peer, now);
  return [
    ...(system === undefined ? [] : [`${system}.`]),
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
