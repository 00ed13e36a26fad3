import { join } from "node:path";
import { type Daemon, startDaemon } from "../cli/daemon.ts";
import { network } from "./network.ts";
import { runPaths } from "../paths.ts";
import { onHost } from "../hosts/on_host.ts";
import type { Host } from "../state.ts";
import { waitFor } from "../wait.ts";

/** A registered machine, as the control server sees it. */
export interface TailnetNode {
  name: string;
  address: string;
  online: boolean;
  /** RFC 3339. */
  keyExpiry: string;
}

/** Starts control server, relay and mirror, and waits until they answer. */
export async function startNet(program: string, mirror: string): Promise<Daemon> {
  const daemon = await startDaemon("net", [
    program,
    `-ip=${network.address}`,
    `-mirror=${mirror}`,
  ], { log: join(runPaths.logs, "net.log") });
  await waitFor(listNodes, { what: "the control server", interval: 20 });
  return daemon;
}

/** The registered machines: hosts and workstation. */
export async function listNodes(): Promise<TailnetNode[]> {
  const response = await ask("/nodes");
  return await response.json();
}

/** Sets when a node's key expires, which may be in the past. */
export async function setKeyExpiry(name: string, at: Date): Promise<void> {
  const body = at.toISOString();
  await (await ask(`/nodes/${name}/expiry`, { method: "PUT", body })).body?.cancel();
}

/** Gives a machine another address, as when it was removed from the tailnet and added again. */
export async function setAddress(name: string, address: string): Promise<void> {
  await (await ask(`/nodes/${name}/address`, { method: "PUT", body: address })).body?.cancel();
}

/** Forgets a machine as if it had been removed in Tailscale's console. */
export async function forgetNode(name: string): Promise<void> {
  await (await ask(`/nodes/${name}`, { method: "DELETE" })).body?.cancel();
}

/** Joins a booted host to the tailnet, as its owner would by hand. */
export function joinHost(host: Host): Promise<void> {
  return joinTailnet(host.name, (args) => onHost(host, `tailscale ${args.join(" ")}`));
}

/**
 * Runs `tailscale up` until the machine is on the tailnet: while three hosts boot on two processors, one
 * try of 30 s may not be enough.
 *
 * @param tailscale runs tailscale on that machine with the arguments given, and throws if it fails
 */
export async function joinTailnet(
  name: string,
  tailscale: (args: readonly string[]) => Promise<unknown>,
): Promise<void> {
  const up = [
    "up",
    `--login-server=${network.control}`,
    "--auth-key=lab",
    `--hostname=${name}`,
    "--timeout=30s",
  ];
  await waitFor(() => tailscale(up).then(() => true), {
    limit: 150,
    what: `${name} to join the tailnet`,
    interval: 1000,
  });
}

/** Waits until the control server sees the node as wished. */
export async function waitForNode(name: string, online: boolean, limit = 60): Promise<void> {
  await waitFor(
    async () => (await listNodes()).some((n) => n.name === name && n.online === online),
    { limit, what: `${name} to be ${online ? "online" : "offline"} on the tailnet` },
  );
}

async function ask(path: string, init?: RequestInit): Promise<Response> {
  const response = await fetch(network.admin + path, {
    ...init,
    signal: AbortSignal.timeout(5000),
  });
  if (!response.ok) {
    throw new Error(`control server: ${path}: ${response.status} ${await response.text()}`);
  }
  return response;
}
