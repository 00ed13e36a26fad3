/**
 * The request of `init`: from flags alone, or from the user's answers.
 *
 * @module
 */

import type { InitRequest } from "../../actions/config/init_inventory.ts";
import { didYouMean } from "../../errors/nearest.ts";
import { hideNamed } from "../../errors/secrets.ts";
import { safeText } from "../../errors/safe_text.ts";
import { type Problem, usageError, UserError } from "../../errors/user_error.ts";
import { parseKeyPath } from "../../inventory/edit/key_path.ts";
import type { Role } from "../../inventory/model.ts";
import type { YamlValue } from "../../yaml/yaml_value.ts";
import type { HostDescription } from "../../inventory/edit/new_host.ts";
import { DEFAULT_K3S_VERSION } from "../../inventory/edit/new_inventory.ts";
import { DEFAULT_NETWORK } from "../../inventory/model.ts";
import { inferType, readTyped } from "../../inventory/edit/typed_value.ts";
import type { Peer, Tailnet } from "../../tailscale/peer.ts";
import { nodeWarnings } from "../../tailscale/suitability.ts";
import type { Context } from "../program/context.ts";
import type { Output } from "../output/output.ts";
import type { Prompter } from "../output/prompt.ts";

/** The options of `init` that say what the inventory holds. */
export interface InitOptions {
  readonly controlPlane: readonly string[];
  readonly worker: readonly string[];
  /** Another tool's file that names machines. */
  readonly from: string | undefined;
  readonly clusterName: string | undefined;
  readonly k3sVersion: string | undefined;
  readonly tailscaleNetwork: string | undefined;
  readonly user: string | undefined;
  readonly gitRepo: string | undefined;
  readonly gitBranch: string | undefined;
  readonly gitPath: string | undefined;
  readonly set: readonly string[];
}

/** Makes the request; asks only where no machine is named and somebody can answer. */
export async function initRequest(
  context: Context,
  options: InitOptions,
  { prompter, output }: { readonly prompter: Prompter; readonly output: Output },
): Promise<InitRequest> {
  const { settings, hostSettings } = readSettings(options.set);
  const defaults = {
    clusterName: options.clusterName ?? "homelab",
    k3sVersion: options.k3sVersion ?? DEFAULT_K3S_VERSION,
    user: options.user,
    gitRepoUrl: options.gitRepo,
  };
  const fixed = {
    tailscaleNetwork: options.tailscaleNetwork ?? DEFAULT_NETWORK,
    gitBranch: options.gitBranch,
    gitPath: options.gitPath,
    vars: settings,
  };
  const named = options.controlPlane.length + options.worker.length > 0 ||
    options.from !== undefined;
  if (!named && prompter.canAsk) {
    const { askInit } = await import("./init_wizard.ts");
    const { peers, gaps } = await tailnetOrNone(context, output);
    for (const gap of gaps) output.warn(gap);
    const answers = await askInit(prompter, {
      peers,
      defaults,
      network: fixed.tailscaleNetwork,
    });
    warnOf(answers.hosts, peers, { context, output });
    return { ...fixed, ...answers, hosts: withSettings(answers.hosts, hostSettings) };
  }
  const taken = options.from === undefined ? [] : await takenHosts(context, {
    ...options,
    from: options.from,
    network: fixed.tailscaleNetwork,
    warn: (words) => output.warn(words),
  });
  if (options.controlPlane.length === 0 && !taken.some(({ role }) => role === "control-plane")) {
    throw usageError("No machine is set for the control plane", {
      hint: "Add one with --control-plane HOST=ADDRESS, or run k3s-tool init at a terminal.",
    });
  }
  const { hosts, peers, gaps } = await namedHosts(context, options, taken);
  for (const gap of gaps) output.warn(gap);
  warnOf(hosts, peers, { context, output });
  return { ...fixed, ...defaults, hosts: withSettings(hosts, hostSettings) };
}

/** The hosts of the options; the tailnet, as far as it could be read, to check them against. */
async function namedHosts(
  context: Context,
  options: InitOptions,
  taken: readonly HostDescription[],
): Promise<Pick<Tailnet, "peers" | "gaps"> & { readonly hosts: readonly HostDescription[] }> {
  const named = [
    ...options.controlPlane.map((text) => hostOf(text, "control-plane")),
    ...options.worker.map((text) => hostOf(text, "worker")),
  ];
  // What is named on the command line wins over what the file says of the same machine.
  const wanted = [
    ...named,
    ...taken.filter(({ name }) => !named.some((each) => each.name === name)),
  ];
  const { lookupAddress, tailnetFor } = await import("../../tailscale/lookup.ts");
  const nameless = wanted.find(({ address }) => address === "");
  const flag = nameless?.role === "worker" ? "--worker" : "--control-plane";
  const tailnet = await tailnetFor(
    context,
    nameless !== undefined &&
      { name: nameless.name, example: `${flag} ${nameless.name}=100.x.y.z` },
  );
  if (tailnet instanceof UserError) return { hosts: wanted, peers: [], gaps: [] };
  const hosts = wanted.map((host) => ({
    ...host,
    address: host.address || lookupAddress(tailnet, host.name),
  }));
  return { hosts, ...tailnet };
}

/**
 * The machines of another tool's file. Their addresses are kept where Tailscale gave them out; a
 * machine that has another one, as on a LAN, is looked up in the tailnet by its name.
 *
 * @throws {UserError} exit code 2, with all machines that cannot be found
 */
async function takenHosts(
  context: Context,
  { from, network, user, warn }: {
    readonly warn: (words: string) => void;
    readonly from: string;
    readonly network: string;
    readonly user: string | undefined;
  },
): Promise<readonly HostDescription[]> {
  const { resolve } = await import("node:path");
  const { readForeignHosts } = await import("../../inventory/read/foreign_hosts.ts");
  const { networkContains, parseIpv4, parseNetwork } = await import("../../inventory/ipv4.ts");
  const { readTailnet } = await import("../../tailscale/discover.ts");
  const { lookupAddress } = await import("../../tailscale/lookup.ts");
  const found = await readForeignHosts(resolve(context.cwd, from), { cwd: context.cwd, warn });
  const range = parseNetwork(network);
  const isOurs = (text: string) => {
    const address = parseIpv4(text);
    return address !== undefined && range !== undefined && networkContains(range, address);
  };
  const isKnown = ({ name, address }: typeof found[number]) =>
    parseIpv4(name) === undefined && address !== undefined && isOurs(address);
  // Only where something is missing: a script may run on a machine without Tailscale.
  const tailnet = found.every(isKnown) ? undefined : await readTailnet(context);
  const problems: Problem[] = [];
  const hosts = found.flatMap((host): HostDescription[] => {
    const { name, role } = host;
    const description = { name, role, ...user === undefined && { user: host.user } };
    const address = host.address ?? name;
    if (isKnown(host) || tailnet === undefined) return [{ ...description, address }];
    if (isOurs(address)) {
      const peer = tailnet.peers.find(({ ipv4 }) => ipv4 === address);
      if (peer !== undefined) {
        const own = parseIpv4(name) === undefined ? name : peer.name;
        return [{ ...description, name: own, address }];
      }
    } else if (parseIpv4(name) === undefined) {
      try {
        return [{ ...description, address: lookupAddress(tailnet, name) }];
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        problems.push({ message: error.message });
        return [];
      }
    }
    problems.push({ message: `No machine of the tailnet has the address ${safeText(address)}` });
    return [];
  });
  if (problems.length === 0) return hosts;
  throw usageError(`${from} has machines that are not in the tailnet; nothing was written`, {
    problems,
    hint: "Give them their names in the tailnet there, or name the machines yourself: " +
      "k3s-tool init --control-plane HOST --worker HOST",
  });
}

/** Warns about the machines chosen; they are used anyway. */
function warnOf(
  hosts: readonly HostDescription[],
  peers: readonly Peer[],
  { context, output }: { readonly context: Context; readonly output: Output },
): void {
  for (const { address } of hosts) {
    const peer = peers.find(({ ipv4 }) => ipv4 === address);
    if (peer === undefined) continue;
    for (const warning of nodeWarnings(peer, context.clock.now())) output.warn(warning);
  }
}

function hostOf(text: string, role: Role): HostDescription {
  const [name = "", address = ""] = text.split("=", 2);
  return { name, address, role };
}

async function tailnetOrNone(
  context: Context,
  output: Output,
): Promise<Pick<Tailnet, "peers" | "gaps">> {
  const { readTailnet } = await import("../../tailscale/discover.ts");
  try {
    return await readTailnet(context);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    output.warn(`${error.message}, so there is no list of machines to choose from.`);
    return { peers: [], gaps: [] };
  }
}

/** Variables of a host that have a place of their own in its description. */
type HostSettings = ReadonlyMap<string, ReadonlyMap<string, YamlValue>>;

function readSettings(
  texts: readonly string[],
): { readonly settings: Record<string, YamlValue>; readonly hostSettings: HostSettings } {
  const settings: Record<string, YamlValue> = {};
  const hostSettings = new Map<string, Map<string, YamlValue>>();
  for (const text of texts) {
    const match = /^(?:([^\s:=]+):)?([A-Za-z_]\w*)=([^]*)$/.exec(text);
    if (match === null) {
      throw usageError("--set needs KEY=VALUE or HOST:KEY=VALUE", {
        problems: [{
          message: "invalid setting",
          value: hideNamed(text),
          expected: "k3s_version=v1.36.3+k3s1",
        }],
      });
    }
    const [, host, name = "", value = ""] = match;
    const key = parseKeyPath(name);
    const typed = readTyped(value, inferType(value, { key, current: undefined }), key);
    if (host === undefined) settings[name] = typed;
    else hostSettings.set(host, new Map(hostSettings.get(host)).set(name, typed));
  }
  return { settings, hostSettings };
}

function withSettings(
  hosts: readonly HostDescription[],
  settings: HostSettings,
): HostDescription[] {
  const unknown = [...settings.keys()].find((name) => !hosts.some((host) => host.name === name));
  if (unknown !== undefined) {
    throw usageError(`--set refers to ${unknown}, which is not a machine of this inventory`, {
      hint: didYouMean(
        unknown,
        hosts.map(({ name }) => name),
        "Use the name of one of its machines.",
      ),
    });
  }
  return hosts.map((host) => {
    const vars = settings.get(host.name);
    return vars === undefined ? host : { ...host, vars: Object.fromEntries(vars) };
  });
}
