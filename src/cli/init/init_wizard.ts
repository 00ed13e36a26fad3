/**
 * The questions of `init`.
 *
 * @module
 */

import { networkContains, parseIpv4, parseNetwork } from "../../inventory/ipv4.ts";
import type { Role } from "../../inventory/model.ts";
import { describeHost, type HostDescription } from "../../inventory/edit/new_host.ts";
import { DEFAULT_NETWORK } from "../../inventory/model.ts";
import { VARIABLE_SCHEMAS } from "../../inventory/schema.ts";
import type { Peer } from "../../tailscale/peer.ts";
import type { Choice, Prompter } from "../output/prompt.ts";

/** Answers given as flags already, offered first. */
export interface InitDefaults {
  readonly clusterName: string;
  readonly k3sVersion: string;
  readonly user: string | undefined;
  readonly gitRepoUrl: string | undefined;
}

/** What the person chose. */
export interface InitAnswers extends InitDefaults {
  readonly hosts: readonly HostDescription[];
}

/** The questions a `Prompter` can ask, as far as they are needed here. */
export type Asker = Pick<Prompter, "confirm" | "text" | "multiselect">;

/** A peer that has an IPv4 address. */
type AddressedPeer = Peer & { readonly ipv4: string };

/** Machines that could be nodes: Linux, IPv4, not shared, key not expired. */
export function candidates(peers: readonly Peer[]): AddressedPeer[] {
  return peers.filter((peer): peer is AddressedPeer =>
    peer.ipv4 !== undefined && !peer.shared && !peer.expired &&
    (peer.os === "" || peer.os === "linux")
  );
}

/** Asks for everything a first inventory needs. */
export async function askInit(
  ask: Asker,
  { peers, defaults, network = DEFAULT_NETWORK }: {
    readonly peers: readonly Peer[];
    readonly defaults: InitDefaults;
    /** The network that the addresses must be in. */
    readonly network?: string;
  },
): Promise<InitAnswers> {
  const machines = candidates(peers);
  const hosts = machines.length > 0
    ? await chooseHosts(ask, machines)
    : await typeHosts(ask, network);
  const clusterName = await ask.text({
    message: "Name of the cluster",
    flag: "--cluster-name NAME",
    initial: defaults.clusterName,
    validate: mustBe("cluster_name"),
  });
  const k3sVersion = await ask.text({
    message: "k3s release",
    flag: "--k3s-version v1.36.3+k3s1",
    initial: defaults.k3sVersion,
    validate: mustBe("k3s_version"),
  });
  const user = await ask.text({
    message: "SSH user (empty: your user name on this machine)",
    flag: "--user NAME",
    validate: mayBe("ansible_user"),
    initial: defaults.user,
  });
  const gitRepoUrl = await ask.text({
    message: "Git repository URL for Flux (empty: set it later)",
    flag: "--git-repo URL",
    validate: mayBe("git_repo_url"),
    initial: defaults.gitRepoUrl,
  });
  return {
    hosts,
    clusterName: clusterName.trim(),
    k3sVersion: k3sVersion.trim(),
    user: user.trim() || undefined,
    gitRepoUrl: gitRepoUrl.trim() || undefined,
  };
}

/** Judges an answer as the inventory will, so that no answer is lost at the end. */
function mustBe(variable: string): (value: string) => string | undefined {
  return (value) => {
    const result = VARIABLE_SCHEMAS.get(variable)?.safeParse(value.trim());
    return result?.success === false ? `Expected: ${result.error.issues[0]?.message}` : undefined;
  };
}

/** Like {@linkcode mustBe}; an empty answer leaves it out. */
function mayBe(variable: string): (value: string) => string | undefined {
  return (value) => value.trim() === "" ? undefined : mustBe(variable)(value);
}

async function chooseHosts(
  ask: Asker,
  machines: readonly AddressedPeer[],
): Promise<HostDescription[]> {
  let servers: readonly string[] = [];
  for (let message = "Which machines run the control plane? (one, or an odd number)";;) {
    const choices = machines.map(choiceOf);
    servers = await ask.multiselect({ message, flag: "--control-plane HOST=ADDRESS", choices });
    if (servers.length > 0) break;
    message = "The control plane needs at least one machine. Which machines run it?";
  }
  const rest = machines.filter((peer) => !servers.includes(peer.ipv4));
  const workers = rest.length === 0 ? [] : await ask.multiselect({
    message: "Which machines are workers?",
    flag: "--worker HOST=ADDRESS",
    choices: rest.map(choiceOf),
  });
  const describe = (address: string, role: Role): HostDescription => {
    const { name } = machines.find((peer) => peer.ipv4 === address)!;
    return { name, address, role };
  };
  return [
    ...servers.map((address) => describe(address, "control-plane")),
    ...workers.map((address) => describe(address, "worker")),
  ];
}

/** Without Tailscale's help the person types names and addresses. */
async function typeHosts(ask: Asker, network: string): Promise<HostDescription[]> {
  const servers = await ask.text({
    message: "Control-plane hosts, as NAME=ADDRESS, separated by spaces",
    flag: "--control-plane HOST=ADDRESS",
    validate: (value) => hostsProblem(value, { role: "control-plane", needed: true, network }),
  });
  const workers = await ask.text({
    message: "Workers, as NAME=ADDRESS, separated by spaces (empty: none yet)",
    flag: "--worker HOST=ADDRESS",
    validate: (value) =>
      hostsProblem(value, {
        role: "worker",
        needed: false,
        network,
        others: readHosts(servers, "control-plane"),
      }),
  });
  return [...readHosts(servers, "control-plane"), ...readHosts(workers, "worker")];
}

function readHosts(text: string, role: Role): HostDescription[] {
  return text.split(/[\s,]+/).filter(Boolean).map((word) => {
    const [name = "", address = ""] = word.split("=");
    return { name, address, role };
  });
}

function hostsProblem(
  text: string,
  { role, needed, network, others = [] }: {
    readonly role: Role;
    readonly needed: boolean;
    readonly network: string;
    /** Hosts named before. */
    readonly others?: readonly HostDescription[];
  },
): string | undefined {
  const hosts = readHosts(text, role);
  if (needed && hosts.length === 0) return "Enter at least one";
  const seen = [...others];
  for (const host of hosts) {
    const twin = seen.find(({ name, address }) => name === host.name || address === host.address);
    if (twin !== undefined) return `${twin.name}=${twin.address} is already in the list`;
    seen.push(host);
    const described = describeHost(host);
    if ("problems" in described) {
      const [problem] = described.problems;
      return `${problem?.value || host.name}: ${problem?.expected ?? problem?.message}`;
    }
    if (!isIn(network, host.address)) return `${host.address} is not in ${network}`;
  }
  return undefined;
}

function isIn(network: string, address: string): boolean {
  const [parsed, number] = [parseNetwork(network), parseIpv4(address)];
  // A network that is none is refused when the inventory is written.
  return parsed === undefined || number === undefined || networkContains(parsed, number);
}

function choiceOf({ name, ipv4, online, isSelf }: AddressedPeer): Choice<string> {
  const state = online ? "" : ", offline";
  const self = isSelf ? ", this machine" : "";
  return { value: ipv4, label: `${name} (${ipv4}${state}${self})` };
}
