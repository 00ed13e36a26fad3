/**
 * What `doctor` looks at in the tailnet: this machine's Tailscale, and each host in it.
 *
 * @module
 */

import { counted } from "../../errors/safe_text.ts";
import { UserError } from "../../errors/user_error.ts";
import type { InventoryHost } from "../../inventory/model.ts";
import { shownTime } from "../../process/system.ts";
import { readTailnet } from "../../tailscale/discover.ts";
import { keyWarning } from "../../tailscale/suitability.ts";
import type { Tailnet } from "../../tailscale/peer.ts";
import type { ActionSystem } from "../action_system.ts";
import { type Check, fail, ok, warn } from "./check.ts";

/** What was found, and the tailnet where it can be read. */
export interface TailnetFindings {
  readonly checks: readonly Check[];
  readonly tailnet?: Tailnet;
}

/** This machine's Tailscale: installed, running, logged in, its key. */
export async function checkTailscale(system: ActionSystem): Promise<TailnetFindings> {
  const name = "tailscale";
  let tailnet: Tailnet;
  try {
    tailnet = await readTailnet(system);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const { message, hint } = error;
    return { checks: [fail(name, message, hint)] };
  }
  const self = tailnet.peers.find(({ isSelf }) => isSelf);
  const key = self === undefined ? undefined : keyWarning(self, system.clock.now());
  const machines = `${counted(tailnet.peers.length, "machine")} in the tailnet`;
  const message = self?.ipv4 === undefined ? machines : `${self.ipv4}, ${machines}`;
  return {
    tailnet,
    checks: [
      ok(name, message),
      ...(key === undefined ? [] : [warn("key expiry", key)]),
    ],
  };
}

/** A host of the inventory in the tailnet: there, online, its key. */
export function checkPeer(
  host: InventoryHost,
  tailnet: Tailnet,
  now: number,
): Check {
  const name = "tailnet";
  const about = { name, host: host.name } as const;
  if (host.tailscaleIp === undefined) {
    return ok(about, "only Ansible knows its address");
  }
  const peer = tailnet.peers.find(({ ipv4 }) => ipv4 === host.tailscaleIp);
  if (peer === undefined) {
    const sameName = tailnet.peers.find((each) => each.name === host.name)?.ipv4;
    return fail(
      about,
      `no machine has the address ${host.tailscaleIp}` +
        (sameName === undefined ? "" : `; ${host.name} has ${sameName}`),
      sameName === undefined
        ? "On that machine, log in with: sudo tailscale up"
        : `Fix the inventory with: k3s-tool config set tailscale_ip ${sameName} --scope ${host.name}`,
    );
  }
  const key = keyWarning(peer, now);
  if (peer.expired) {
    return fail(about, "its key has expired", key);
  }
  if (!peer.online && !peer.isSelf) {
    return fail(
      about,
      peer.lastSeen === undefined ? "offline" : `offline, last seen ${shownTime(peer.lastSeen)}`,
      "Switch it on. On that machine, check: tailscale status",
    );
  }
  if (key !== undefined) return warn(about, key);
  return ok(about, `${host.tailscaleIp}, online`);
}
