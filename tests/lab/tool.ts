/**
 * The tool at the lab's workstation, as its owner would run it: the bundled program, their home,
 * their tailnet.
 *
 * @module
 */

import { join } from "node:path";
import { RUN_FLAGS, STAGE } from "../../tasks/stage.ts";
import { ansibleOnPath } from "./ansible.ts";
import { exists } from "./build/content_hash.ts";
import { standInVersions } from "./build/mirror.ts";
import { readRelease, releasesFromEnvironment } from "./build/release.ts";
import { type CommandResult, run } from "./cli/command.ts";
import { network } from "./network/network.ts";
import { runPaths } from "./paths.ts";
import type { Host } from "./state.ts";
import { tryAtWorkstation, workstationArgv } from "./hosts/workstation.ts";

/** Where the lab serves what the release's download site has, as hosts reach it. */
export const MIRROR_URL = `${network.mirror}/k3s`;

const real = await Promise.all(releasesFromEnvironment().map(readRelease));
const versions: readonly string[] = real.length > 0
  ? real.map(({ version }) => version)
  : standInVersions;

/** The versions the mirror has: of the stand-in one program, stamped twice; of a single real release one and the same. */
export const VERSIONS = { older: versions[0]!, newer: versions.at(-1)! };

/** Where the workstation's owner works: inventory/hosts.yml lies below it. */
export const projectDir = runPaths.workstationHome;

/** The inventory the tool works on. */
export const inventoryFile = join(projectDir, "inventory", "hosts.yml");

/** The command line of the tool at the workstation, installed there first. */
export async function toolArgv(args: readonly string[]): Promise<string[]> {
  await installTool();
  return workstationArgv(["k3s-tool", ...args]);
}

/** Runs the tool at the workstation and returns all there is to know of it. */
export async function tryTool(...args: string[]): Promise<CommandResult> {
  await installTool();
  return await tryAtWorkstation(["k3s-tool", ...args], { cwd: projectDir });
}

/** Runs the tool at the workstation and returns its stdout; throws where it fails. */
export async function tool(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await tryTool(...args);
  if (code !== 0) {
    throw new Error(`k3s-tool ${args.join(" ")}: exit code ${code}\n${stdout}\n${stderr}`);
  }
  return stdout;
}

/** Arguments of `init` for these hosts and for the lab's mirror. */
export function initArgs(
  hosts: readonly Host[],
  { version = VERSIONS.newer }: { readonly version?: string } = {},
): string[] {
  const named = hosts.flatMap(({ name, role, tailscaleAddress }) => [
    role === "control-plane" ? "--control-plane" : "--worker",
    `${name}=${tailscaleAddress}`,
  ]);
  return [
    "init",
    ...named,
    "--cluster-name",
    "lab",
    "--user",
    "lab",
    "--k3s-version",
    version,
    "--set",
    `k3s_binary_mirror_url=${MIRROR_URL}`,
    "--set",
    "k3s_binary_airgap_images=true",
    "--force",
    "--no-input",
  ];
}

/** Puts the bundled tool and ansible-core on the workstation's PATH, once a lab. */
export async function installTool(): Promise<void> {
  const bin = join(runPaths.workstation, "bin");
  const program = join(runPaths.workstation, "k3s-tool");
  if (await exists(join(bin, "k3s-tool"))) return;
  // A copy, so that a build in the checkout does not pull it away under a running scenario.
  await run(["cp", "-r", STAGE, program]);
  for (const name of ["ansible-playbook", "ansible"]) {
    await run(["ln", "-sfn", join(await ansibleOnPath(), name), join(bin, name)]);
  }
  const deno = [Deno.execPath(), ...RUN_FLAGS].map((word) => `'${word}'`).join(" ");
  const launcher = `#!/bin/sh\nexec ${deno} '${program}/main.js' "$@"\n`;
  await Deno.writeTextFile(join(bin, "k3s-tool"), launcher, { mode: 0o755 });
}
