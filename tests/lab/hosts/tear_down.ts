import { join } from "node:path";
import { labCgroups } from "./cgroups.ts";
import { attempt, run } from "../cli/command.ts";
import { stopDaemon } from "../cli/daemon.ts";
import { forgetMachine, killHost } from "./host.ts";
import { labProcesses, mountPoints } from "./leftovers.ts";
import { restoreMachine } from "./machine_before.ts";
import { tearDownNetwork } from "../network/network.ts";
import { runDir, runPaths } from "../paths.ts";
import { readState } from "../state.ts";
import { removeWorkstation } from "./workstation.ts";
import { waitFor } from "../wait.ts";

/**
 * Removes a lab in whatever condition it is: what its state names, and then what looking finds, so that it
 * also works after a crash. Each step is safe to repeat.
 */
export async function tearDown(): Promise<void> {
  const state = await readState();
  const names = await hostNames();
  await Promise.all(names.map((name) => killHost(name, state?.daemons[name])));
  const { net, ws, git, s3 } = state?.daemons ?? {};
  await Promise.all([net, ws, git, s3].map((daemon) => daemon && stopDaemon(daemon)));
  for (const pid of await labProcesses()) await attempt(["kill", "-KILL", `${pid}`]);
  await waitFor(async () => (await labProcesses()).length === 0, {
    what: "the lab's processes to end",
  });
  await tearDownNetwork();
  for (const point of await mountPoints()) await unmount(point);
  await Promise.all(names.map(forgetMachine));
  await removeWorkstation();
  await restoreMachine();
  await run(["rm", "-rf", "--one-file-system", runDir]);
}

/** Hosts that have left any trace. */
async function hostNames(): Promise<string[]> {
  const names = new Set<string>();
  for (const dir of await labCgroups()) names.add(dir.replace(/^.*\/lab-/, ""));
  try {
    for await (const entry of Deno.readDir(runPaths.hosts)) names.add(entry.name);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return [...names];
}

/** Unmounts, and where something is still on its way out, tries again for a while. */
async function unmount(point: string): Promise<void> {
  await waitFor(async () => {
    await run(["umount", point]);
    return true;
  }, { what: `${point} to be free` });
}

/** Where a host's log is. */
export function hostLog(name: string): string {
  return join(runPaths.logs, `${name}.log`);
}
