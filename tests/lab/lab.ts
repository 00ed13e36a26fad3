import { join } from "node:path";
import { bootHost } from "./hosts/boot_host.ts";
import { buildLab, type Built } from "./build/build.ts";
import { pruneCache } from "./build/prune.ts";
import { releasesFromEnvironment } from "./build/release.ts";
import { isAlive } from "./cli/daemon.ts";
import { makeKeys } from "./keys.ts";
import { listLeftovers } from "./hosts/leftovers.ts";
import { prepareMachine } from "./hosts/machine_before.ts";
import { setUpNetwork } from "./network/network.ts";
import { runPaths } from "./paths.ts";
import { say, secondsSince, step } from "./cli/progress.ts";
import {
  exclusively,
  type Host,
  keepDaemon,
  type LabState,
  LabStateError,
  makeRunDir,
  readState,
  writeState,
} from "./state.ts";
import { startNet, waitForNode } from "./network/tailnet.ts";
import { tearDown } from "./hosts/tear_down.ts";
import {
  addKubectl,
  joinWorkstation,
  makeWorkstation,
  startWorkstation,
} from "./hosts/workstation.ts";

/** What a lab is to have. */
export interface LabOptions {
  /** Number of hosts, 1 to 50; 3 without it. */
  hosts?: number;
  /** How many of them are meant for the control plane, the first ones; 1 without it. */
  servers?: number;
  /** Seconds by which k3s on all hosts tells systemd READY later than it could; none without it. */
  readyDelay?: number;
  /** Directories of real releases of k3s, oldest first, in the stand-in's place; those of LAB_K3S_RELEASE without it. */
  k3sReleases?: readonly string[];
}

/** The hosts of a lab of this size. */
export function planHosts({ hosts = 3, servers = 1, readyDelay }: LabOptions): Host[] {
  if (!Number.isInteger(hosts) || hosts < 1 || hosts > 50) {
    throw new LabStateError(`a lab has 1 to 50 hosts, not ${hosts}`);
  }
  if (!Number.isInteger(servers) || servers < 1 || servers > hosts) {
    throw new LabStateError(`of ${hosts} hosts, 1 to ${hosts} can be servers, not ${servers}`);
  }
  if (readyDelay !== undefined && !(Number.isInteger(readyDelay) && readyDelay >= 0)) {
    throw new LabStateError(`READY is delayed by whole seconds, not by ${readyDelay}`);
  }
  return Array.from({ length: hosts }, (_, i) => ({
    name: `n${i + 1}`,
    address: `10.77.0.${11 + i}`,
    tailscaleAddress: `100.64.0.${1 + i}`,
    role: i < servers ? "control-plane" : "worker",
    debian: (i + 1) % 3 === 0 ? "trixie" : "bookworm", // both in one cluster of three
    ...(readyDelay === undefined ? {} : { readyDelay }),
  }));
}

/**
 * Boots a lab from fresh disks and returns its hosts once all of them are on the tailnet. What an unclean end
 * of an earlier lab left behind is removed first; a lab that runs is left alone, with an error.
 */
export function up(options: LabOptions = {}): Promise<Host[]> {
  return exclusively(async () => {
    const hosts = planHosts(options);
    await refuseIfRunning();
    const releases = options.k3sReleases ?? releasesFromEnvironment();
    const built = await buildLab(releases);
    await pruneCache();
    const start = performance.now();
    if ((await listLeftovers()).length > 0) {
      await step("what an earlier lab left behind is removed", tearDown);
    }
    await makeRunDir();
    await prepareMachine();
    const state: LabState = { hosts, daemons: {}, k3sReleases: [...releases], complete: false };
    await writeState(state);
    await boot(state, built);
    state.complete = true;
    await writeState(state);
    say(
      `lab: up, ${hosts.length} hosts (${secondsSince(start)}); k3s ${
        built.k3sVersions.join(" and ")
      }${releases.length > 0 ? "" : ", the stand-in"}`,
    );
    return hosts;
  });
}

async function boot(state: LabState, built: Built): Promise<void> {
  await makeWorkstation({ tailscale: join(built.tailscale, "tailscale") });
  await addKubectl(built.k3s);
  await makeMirror(built.k3sReleases);
  await Promise.all([makeKeys(state.hosts), setUpNetwork()]);
  const net = startNet(built.labnet, runPaths.mirror).then((daemon) =>
    keepDaemon(state, "net", daemon)
  );
  const workstation = startWorkstation(join(built.tailscale, "tailscaled"))
    .then((daemon) => keepDaemon(state, "ws", daemon));
  await Promise.all([
    net,
    workstation.then(() => net).then(() => joinWorkstation(join(built.tailscale, "tailscale"))),
    ...state.hosts.map((host) => bootHost(state, host, built, net)),
  ]);
  await waitForNode("ws", true);
}

/** Makes the directory that is served as the download site of releases. */
async function makeMirror(k3sReleases: string): Promise<void> {
  await Deno.mkdir(runPaths.mirror, { recursive: true });
  await Deno.symlink(k3sReleases, join(runPaths.mirror, "k3s"));
}

async function refuseIfRunning(): Promise<void> {
  const state = await readState();
  if (state?.complete !== true) return;
  const alive = await Promise.all(Object.values(state.daemons).map(isAlive));
  if (alive.some((yes) => yes)) {
    throw new LabStateError(
      `a lab of ${state.hosts.length} hosts is up (in ${runPaths.state}); end it with \`lab down\``,
    );
  }
}

/** Ends the lab and removes all of it. Returns what could not be removed: nothing, if all is well. */
export function down(): Promise<string[]> {
  return exclusively(async () => {
    await tearDown();
    return await listLeftovers();
  });
}
