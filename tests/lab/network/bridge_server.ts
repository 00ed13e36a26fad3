/**
 * Servers on the bridge, which hosts reach without Tailscale.
 *
 * @module
 */

import { join } from "node:path";
import { isAlive, startDaemon } from "../cli/daemon.ts";
import { runPaths } from "../paths.ts";
import { exclusively, keepDaemon, LabStateError, runningLab } from "../state.ts";
import { waitFor } from "../wait.ts";
import { network } from "./network.ts";

/**
 * Starts a server, which ends with the lab, and waits until it listens.
 *
 * @param name the one that it has among the lab's daemons
 * @param argv its command line, from the address that it is to listen on
 */
export function startOnBridge(
  name: string,
  port: number,
  argv: (listen: string) => readonly [string, ...string[]],
  env: Record<string, string> = {},
): Promise<void> {
  return exclusively(async () => {
    const state = await runningLab();
    const running = state.daemons[name];
    if (running !== undefined && await isAlive(running)) throw new LabStateError(`${name} is on`);
    const log = join(runPaths.logs, `${name}.log`);
    const daemon = await startDaemon(name, [...argv(`${network.address}:${port}`)], { log, env });
    await keepDaemon(state, name, daemon);
    await waitFor(async () => {
      if (!await isAlive(daemon)) return false;
      (await Deno.connect({ hostname: network.address, port })).close();
      return true;
    }, { what: name, interval: 20 });
  });
}
