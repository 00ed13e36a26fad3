import { buildLab } from "../build/build.ts";
import { isAlive } from "../cli/daemon.ts";
import { bootOf, killHost, startHost, waitForSshd } from "./host.ts";
import { readyDelayFile, removeDisk } from "./host_disk.ts";
import { bootHost } from "./boot_host.ts";
import { say } from "../cli/progress.ts";
import { onHost, tryOnHost } from "./on_host.ts";
import {
  exclusively,
  type Host,
  hostNamed,
  keepDaemon,
  LabStateError,
  runningLab,
  writeState,
} from "../state.ts";
import { forgetNode, setAddress, setKeyExpiry, waitForNode } from "../network/tailnet.ts";
import { waitFor } from "../wait.ts";

/** File that fills a host's disk. */
const ballast = "/var/lib/lab-ballast";

/** Cuts a host off the tailnet: its tailscaled ends. The lab still reaches it. */
export async function tailscaleDown(name: string): Promise<void> {
  await onHost(await hostNamed(name), "systemctl stop tailscaled");
  await waitForNode(name, false);
}

/** Undoes tailscaleDown and waits until the host is on the tailnet again. */
export async function tailscaleUp(name: string): Promise<void> {
  await onHost(await hostNamed(name), "systemctl start tailscaled");
  await waitForNode(name, true);
}

/** Logs a host out of its tailnet; tailscaled goes on running. */
export async function tailscaleLogout(name: string): Promise<void> {
  await onHost(await hostNamed(name), "tailscale logout");
  await waitForNode(name, false);
}

/** Gives a host another address in the tailnet, and waits until its interface has it. */
export async function moveAddress(host: Host, address: string): Promise<void> {
  await setAddress(host.name, address);
  const look = "ip -4 -o addr show dev tailscale0";
  await waitFor(async () => (await onHost(host, look)).includes(`${address}/32`), {
    what: `${host.name} to have ${address}`,
  });
  host.tailscaleAddress = address;
}

/** Makes a host's Tailscale key expire at this time, which may have passed. */
export async function expireKey(name: string, at: Date): Promise<void> {
  await setKeyExpiry((await hostNamed(name)).name, at);
}

/** Leaves a host not one free byte. */
export async function fillDisk(name: string): Promise<void> {
  await onHost(
    await hostNamed(name),
    `fallocate -l "$(df --output=avail -B1 / | tail -1)" ${ballast} || true
     dd if=/dev/zero of=${ballast} bs=4k oflag=append conv=notrunc status=none 2>/dev/null || true`,
  );
}

/** Undoes fillDisk. */
export async function freeDisk(name: string): Promise<void> {
  await onHost(await hostNamed(name), `rm -f ${ballast}`);
}

/**
 * Delays READY of k3s on a host from its next start on, until the host is reset: systemd says *activating* for that long, while
 * the node is Ready and runs pods. 330 is what a real agent may need (k3s-io/k3s pkg/agent/netpol); 0 undoes it.
 */
export async function delayReady(name: string, seconds: number): Promise<void> {
  await onHost(
    await hostNamed(name),
    `mkdir -p /etc/lab && echo ${Math.trunc(seconds)} >/${readyDelayFile}`,
  );
}

/** Stops a service of a host. */
export async function stopService(name: string, service: string): Promise<void> {
  await onHost(await hostNamed(name), `systemctl stop ${quote(service)}`);
}

/** Starts a service of a host. */
export async function startService(name: string, service: string): Promise<void> {
  await onHost(await hostNamed(name), `systemctl start ${quote(service)}`);
}

/**
 * Kills all of a host's processes whose command line matches the pattern, a regular expression as pgrep
 * takes it. Returns whether there were any.
 */
export async function kill9(name: string, pattern: string): Promise<boolean> {
  // Through standard input, or the pattern would match the shell that runs this.
  const { code, stderr } = await tryOnHost(
    await hostNamed(name),
    "xargs -0 pkill -KILL -f --",
    { stdin: pattern },
  );
  if (code !== 0 && stderr.trim() !== "") throw new Error(`kill9 on ${name}: ${stderr.trim()}`);
  return code === 0;
}

/** Ends a host as a power cut would. Its disk stays. */
export function powerOff(name: string): Promise<void> {
  return exclusively(async () => {
    const host = await hostNamed(name);
    const state = await runningLab();
    await killHost(host.name, state.daemons[name]);
    delete state.daemons[name];
    await writeState(state);
    await waitForNode(name, false);
  });
}

/** Boots a host that is off and waits until it is on the tailnet. */
export function powerOn(name: string): Promise<void> {
  return exclusively(async () => {
    const host = await hostNamed(name);
    const state = await runningLab();
    const daemon = state.daemons[name];
    if (daemon !== undefined && await isAlive(daemon)) {
      throw new LabStateError(`${name} is on`);
    }
    await keepDaemon(state, name, await startHost(host));
    await waitForSshd(host);
    await waitForNode(name, true);
  });
}

/** Seconds a host gets to go down in order before its power is cut. */
const shutdownLimit = 60;

/**
 * Reboots a host as `systemctl reboot` in it does, and waits until it is back on the tailnet. A host that does
 * not go down is power-cycled; returns whether it went down in order.
 */
export async function reboot(name: string): Promise<boolean> {
  const before = await bootOf(name);
  await tryOnHost(await hostNamed(name), "systemctl reboot"); // its connection may be cut before it has an exit code
  return await seeThroughReboot(name, before);
}

/** Waits until a host that somebody else reboots is back; as `reboot`. */
export async function seeThroughReboot(
  name: string,
  before: Awaited<ReturnType<typeof bootOf>>,
): Promise<boolean> {
  const host = await hostNamed(name);
  const inOrder = await waitFor(async () => {
    const now = await bootOf(name);
    return now !== null && now !== before;
  }, { limit: shutdownLimit, what: `${name} to go down` }).then(() => true, () => false);
  if (!inOrder) {
    say(`lab: ${name} did not go down within ${shutdownLimit} s; cutting its power`);
    await powerOff(name);
    await powerOn(name);
    return false;
  }
  await waitForSshd(host);
  await waitForNode(name, true);
  return true;
}

/** Gives a host a fresh disk, as if it had been installed anew; its name and addresses stay. */
export function reset(name: string): Promise<void> {
  return exclusively(async () => {
    const host: Host = await hostNamed(name);
    const state = await runningLab();
    const built = await buildLab(state.k3sReleases);
    await killHost(name, state.daemons[name]);
    delete state.daemons[name];
    await writeState(state);
    await removeDisk(name);
    await forgetNode(name);
    await bootHost(state, host, built, Promise.resolve());
  });
}

function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
