import { isAlive } from "./daemon.ts";
import { readState } from "../state.ts";
import { listNodes, type TailnetNode } from "../network/tailnet.ts";
import { network } from "../network/network.ts";

/** The lab's condition in lines for people, and whether all of it is as it should be. */
export async function statusLines(): Promise<{ lines: string[]; healthy: boolean }> {
  const state = await readState();
  if (state === null) return { lines: ["no lab is up"], healthy: false };
  const nodes = await listNodes().catch((): TailnetNode[] | null => null);
  const lines: string[] = [];
  if (!state.complete) lines.push("lab up did not come to its end");
  let healthy = state.complete && nodes !== null;
  for (const host of state.hosts) {
    const daemon = state.daemons[host.name];
    const on = daemon !== undefined && await isAlive(daemon);
    const online = nodes?.find((node) => node.name === host.name)?.online ?? false;
    healthy &&= on && online;
    lines.push([
      host.name.padEnd(4),
      host.role.padEnd(14),
      host.address.padEnd(12),
      host.tailscaleAddress.padEnd(12),
      on ? "on " : "off",
      online ? "on the tailnet" : "not on the tailnet",
    ].join("  "));
  }
  lines.push(
    nodes === null ? "control server: not answering" : `control server: ${network.control}`,
  );
  lines.push(`download mirror: ${network.mirror}`);
  return { lines, healthy };
}
