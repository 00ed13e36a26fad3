import { join } from "node:path";
import {
  hierarchies,
  killProcessesOf,
  makeCgroups,
  processesOf,
  removeCgroups,
} from "./cgroups.ts";
import { run } from "../cli/command.ts";
import { type Daemon, isAlive, processStat, startDaemon, stopDaemon } from "../cli/daemon.ts";
import { hostDisk } from "./host_disk.ts";
import { network } from "../network/network.ts";
import { runPaths } from "../paths.ts";
import { waitFor } from "../wait.ts";
import type { Host } from "../state.ts";

/**
 * Joins the cgroups named before "--", then runs the host again and again for as long as it asks for a
 * reboot, which systemd-nspawn tells with code 133 when it is not a unit of the machine's own systemd.
 * What the last run left in the cgroups is removed first.
 */
const keepRunning = `
dirs=
while [ "$1" != -- ]; do
  echo $$ >"$1/cgroup.procs"
  dirs="$dirs $1"
  shift
done
shift
while :; do
  find $dirs -mindepth 1 -depth -type d -exec rmdir {} + 2>/dev/null
  "$@"
  [ $? = 133 ] || exit
done
`;

/** Starts a host whose disk is set up; returns at once. */
export async function startHost(host: Host): Promise<Daemon> {
  const disk = hostDisk(host.name);
  const cgroups = await makeCgroups(host.name);
  const binds = ["containerd", "kubelet", "rancher"].map((name) =>
    `--bind=${join(disk.data, name)}:/var/lib/${name}`
  );
  return await startDaemon(host.name, [
    "sh",
    "-c",
    keepRunning,
    "lab-host",
    ...cgroups,
    "--",
    "systemd-nspawn",
    "--quiet",
    "--boot",
    `--directory=${disk.root}`,
    `--machine=${host.name}`,
    // systemd 256 and later refuse version 1 of cgroups, which this machine may have.
    "--setenv=SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1",
    `--network-bridge=${network.bridge}`,
    "--register=no",
    "--keep-unit",
    "--console=pipe",
    "--resolv-conf=off",
    "--timezone=off",
    "--link-journal=no",
    "--capability=all",
    "--system-call-filter=@known",
    "--bind=/dev/net/tun",
    "--bind=/dev/fuse",
    "--bind=/dev/kmsg",
    ...binds,
  ], { log: join(runPaths.logs, `${host.name}.log`) });
}

/** Waits until the host's SSH server greets. Seconds of `limit` are generous for a busy machine. */
export async function waitForSshd(host: Host, limit = 60): Promise<void> {
  await waitFor(async () => {
    const connection = await Deno.connect({ hostname: host.address, port: 22 });
    try {
      const greeting = new Uint8Array(4);
      await connection.read(greeting);
      return new TextDecoder().decode(greeting) === "SSH-";
    } finally {
      connection.close();
    }
  }, { limit, what: `the SSH server of ${host.name}`, interval: 50 });
}

/** Kills a host as a power cut would: every process in it ends at once. */
export async function killHost(name: string, daemon: Daemon | undefined): Promise<void> {
  const init = await initOf(name);
  if (init !== null) Deno.kill(init, "SIGKILL");
  if (daemon !== undefined) {
    await waitFor(async () => !await isAlive(daemon), {
      limit: 5,
      what: `${name} to end`,
      interval: 20,
    }).catch(() => {}); // what is left is ended below
    await stopDaemon(daemon);
  }
  await killProcessesOf(name);
  await removeCgroups(name);
}

/** The host's PID 1 as this machine numbers it, or null where the host does not run. */
export async function initOf(name: string): Promise<number | null> {
  const [hierarchy] = await hierarchies(); // all of a host is in each
  for (const pid of await processesOf(name, [hierarchy!])) {
    const status = await Deno.readTextFile(`/proc/${pid}/status`).catch(() => "");
    const numbers = status.match(/^NSpid:\s+(.*)$/m)?.[1]?.split(/\s+/) ?? [];
    if (numbers.length === 2 && numbers[1] === "1") return pid;
  }
  return null;
}

/** Number that changes with each boot of the host. */
export async function bootOf(name: string): Promise<number | null> {
  const init = await initOf(name);
  return init === null ? null : (await processStat(init))?.startTime ?? null;
}

/** Removes what systemd-nspawn keeps outside the host's directory and leaves behind when killed. */
export async function forgetMachine(name: string): Promise<void> {
  const kept = ["propagate", "unix-export"].map((dir) => `/run/systemd/nspawn/${dir}/${name}`);
  await run(["rm", "-rf", ...kept, `/run/systemd/nspawn/locks/inode-${name}`]);
}
