/**
 * The address of a machine by the name a person knows it by.
 *
 * @module
 */

import { didYouMean } from "../errors/nearest.ts";
import { safeText } from "../errors/safe_text.ts";
import { usageError, UserError } from "../errors/user_error.ts";
import { readTailnet, type TailnetSource } from "./discover.ts";
import type { Tailnet } from "./peer.ts";

/** How long Tailscale may take to answer where nothing depends on it, in milliseconds. */
const CHECK_LIMIT_MS = 3_000;

/**
 * The tailnet, to look up the address of a machine in it; where none is missing, only to compare the
 * addresses with, and then it may be away: a script may run on a machine without Tailscale.
 *
 * @param missing name of a machine without an address, and how to give it: `--worker pi=100.x.y.z`
 * @returns the tailnet, or why it cannot be read where nothing is missing
 * @throws {UserError} as `readTailnet`, with that way out, where something is
 */
export async function tailnetFor(
  source: TailnetSource,
  missing: { readonly name: string; readonly example: string } | false,
): Promise<Tailnet | UserError> {
  try {
    return await readTailnet(source, missing ? {} : { timeoutMs: CHECK_LIMIT_MS });
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    if (!missing) return error;
    throw new UserError(`Cannot look up the address of ${missing.name}: ${error.message}`, {
      exitCode: error.exitCode,
      hint: `Specify the address: ${missing.example}` +
        (error.hint === undefined ? "" : `, or fix this first: ${error.hint}`),
      cause: error,
    });
  }
}

/**
 * The IPv4 address of the one machine of that name.
 *
 * Names the tailnet gave out count before names machines give themselves, and this tailnet's
 * machines before shared ones, so that nobody can stand in for another by calling itself so.
 *
 * @throws {UserError} exit code 2: no such machine, several, or one without an IPv4 address
 */
export function lookupAddress(tailnet: Tailnet, hostname: string): string {
  const wanted = hostname.toLowerCase().replace(/\.$/, "");
  const own = tailnet.peers.filter((peer) => !peer.shared);
  const found = firstNonEmpty([
    () => tailnet.peers.filter((peer) => peer.dnsName?.toLowerCase() === wanted),
    () => own.filter((peer) => peer.name === wanted),
    () => tailnet.peers.filter((peer) => peer.name === wanted),
    () => own.filter((peer) => peer.hostname.toLowerCase() === wanted),
  ]);
  const [peer, ...more] = found;
  if (peer === undefined) {
    throw usageError(`There is no machine ${safeText(hostname)} in the tailnet`, {
      hint: didYouMean(
        hostname,
        tailnet.peers.map(({ name }) => name),
        "List the machines with: k3s-tool discover; or specify the address.",
      ),
    });
  }
  if (more.length > 0) {
    const names = found.map((each) => each.dnsName ?? each.ipv4 ?? each.id).join(", ");
    throw usageError(
      `Several machines of the tailnet have the name ${safeText(hostname)}: ${names}`,
      {
        hint: "Use the full MagicDNS name, or specify the address.",
      },
    );
  }
  if (peer.ipv4 === undefined) {
    throw usageError(`${peer.name} has no IPv4 address on the tailnet`, {
      hint:
        "flannel's VXLAN needs IPv4 on Tailscale; enable IPv4 for this machine in the tailnet policy.",
    });
  }
  return peer.ipv4;
}

function firstNonEmpty<T>(attempts: readonly (() => readonly T[])[]): readonly T[] {
  for (const attempt of attempts) {
    const found = attempt();
    if (found.length > 0) return found;
  }
  return [];
}
