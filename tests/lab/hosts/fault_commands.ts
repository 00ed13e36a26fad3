import * as faults from "./faults.ts";
import { runningLab } from "../state.ts";
import { UsageError } from "../cli/usage_error.ts";

type Fault = (host: string, argument: string) => Promise<unknown>;

/** Faults that need a host alone. */
const onHost: Record<string, Fault> = {
  "tailscale-down": faults.tailscaleDown,
  "tailscale-up": faults.tailscaleUp,
  "tailscale-logout": faults.tailscaleLogout,
  "fill-disk": faults.fillDisk,
  "free-disk": faults.freeDisk,
  "kill-host": faults.powerOff,
  "boot": faults.powerOn,
};

/** Faults that need a host and one word more. */
const onHostWith: Record<string, Fault> = {
  "stop": faults.stopService,
  "start": faults.startService,
  "kill9": faults.kill9,
  "key-expires": (host, seconds) => faults.expireKey(host, fromNow(seconds)),
  "ready-delay": (host, seconds) => faults.delayReady(host, wholeSeconds(seconds)),
};

/** Faults of the whole cluster. */
const onServers: Record<string, Fault> = {
  "api-stop": faults.stopService,
  "api-start": faults.startService,
};

/** Runs `lab fault …`. */
export async function faultCommand(args: readonly string[]): Promise<void> {
  const [name = "", host, argument, ...more] = args;
  if (more.length > 0) throw new UsageError(`too many words: ${more.join(" ")}`);
  const cluster = onServers[name];
  if (cluster !== undefined) {
    const servers = (await runningLab()).hosts.filter((each) => each.role === "control-plane");
    await Promise.all(servers.map((each) => cluster(each.name, "k3s")));
    return;
  }
  const plain = onHost[name];
  if (plain !== undefined && host !== undefined) {
    await plain(host, "");
    return;
  }
  const wordy = onHostWith[name];
  if (wordy !== undefined && host !== undefined && argument !== undefined) {
    const done = await wordy(host, argument);
    if (done === false) throw new UsageError(`no process of ${host} matches ${argument}`);
    return;
  }
  throw new UsageError(`fault ${args.join(" ")}: not a fault; see lab --help`);
}

function fromNow(seconds: string): Date {
  return new Date(Date.now() + wholeSeconds(seconds) * 1000);
}

function wholeSeconds(text: string): number {
  if (!/^-?\d+$/.test(text)) throw new UsageError(`not a number of seconds: ${text}`);
  return Number(text);
}
