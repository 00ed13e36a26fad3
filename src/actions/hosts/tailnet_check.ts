/**
 * What this machine's Tailscale says about the hosts of an inventory, before anything is changed.
 *
 * @module
 */

import { publishedHostKeys } from "../../ansible/run/known_hosts.ts";
import { UserError } from "../../errors/user_error.ts";
import type { InventoryHost } from "../../inventory/model.ts";
import { type Clock, shownTime } from "../../process/system.ts";
import type { TailnetSource } from "../../tailscale/discover.ts";
import { readTailnet } from "../../tailscale/discover.ts";
import { keyWarning } from "../../tailscale/suitability.ts";
import type { Tailnet } from "../../tailscale/peer.ts";

/** What was found. */
export interface TailnetCheck {
  readonly warnings: readonly { readonly host?: string; readonly message: string }[];
  /** known_hosts lines; undefined where the tailnet could not be read. */
  readonly hostKeys?: string;
}

/**
 * Looks up every host in the tailnet.
 *
 * A host that is offline is a warning: it fails alone and the others continue.
 *
 * @throws {UserError} exit code 3 or 4 where Tailscale cannot be asked and a host is reached by it
 */
export async function checkTailnet(
  system: TailnetSource & { readonly clock: Clock },
  hosts: readonly InventoryHost[],
): Promise<TailnetCheck> {
  let tailnet: Tailnet;
  try {
    tailnet = await readTailnet(system);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    if (hosts.some(isReachedByTailnet)) {
      throw new UserError(`The hosts cannot be reached from this machine: ${error.message}`, {
        exitCode: error.exitCode,
        hint: error.hint,
        cause: error,
      });
    }
    return {
      warnings: [{
        message: `${error.message}. Continuing, because no host uses a Tailscale address for SSH.`,
      }],
    };
  }
  return {
    warnings: hosts.flatMap((host) => hostWarnings(host, tailnet, system.clock.now())),
    hostKeys: publishedHostKeys(tailnet.peers),
  };
}

function isReachedByTailnet(host: InventoryHost): boolean {
  if (host.vars.get("ansible_connection")?.value === "local") return false;
  return host.ansibleHost === undefined || host.ansibleHost === host.tailscaleIp ||
    host.ansibleHost === host.name;
}

function hostWarnings(
  host: InventoryHost,
  { peers }: Tailnet,
  now: number,
): readonly { host: string; message: string }[] {
  if (host.tailscaleIp === undefined) return [];
  const peer = peers.find(({ ipv4 }) => ipv4 === host.tailscaleIp);
  const say = (message: string) => [{ host: host.name, message }];
  if (peer === undefined) {
    return say(`no machine of this tailnet has the address ${host.tailscaleIp}`);
  }
  if (!peer.online && !peer.isSelf) {
    const since = peer.lastSeen === undefined ? "" : `, last seen ${shownTime(peer.lastSeen)}`;
    return say(`offline in the tailnet${since}; it will fail, the others continue`);
  }
  const key = keyWarning(peer, now);
  return key === undefined ? [] : say(key);
}
