/**
 * The questions of `init`.
 *
 * @module
 */

import { K3S_VERSION } from "../inventory/kubernetes_syntax.ts";
import type { Role } from "../inventory/model.ts";
import { describeHost, type HostDescription } from "../inventory/new_host.ts";
import type { AddressedPeer } from "../tailscale/lookup.ts";
import type { Peer } from "../tailscale/peer.ts";
import type { Choice, Prompter } from "./prompt.ts";

/** What the person chose. */
export interface InitAnswers {
  readonly hosts: readonly HostDescription[];
  readonly clusterName: string;
  readonly k3sVersion: string;
  readonly user: string | undefined;
  readonly gitRepoUrl: string | undefined;
}

/** Answers given as flags already, offered first. */
export interface InitDefaults {
  readonly clusterName: string;
  readonly k3sVersion: string;
  readonly user: string | undefined;
  readonly gitRepoUrl: string | undefined;
}

/** The questions a `Prompter` can ask, as far as they are needed here. */
export type Asker = Pick<Prompter, "confirm" | "text" | "multiselect">;

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
  { peers, defaults }: { readonly peers: readonly Peer[]; readonly defaults: InitDefaults },
): Promise<InitAnswers> {
  const machines = candidates(peers);
  const chosen = machines.length > 0 ? await chooseHosts(ask, machines) : await typeHosts(ask);
  const clusterName = await ask.text({
    message: "Name of the cluster",
    flag: "--cluster-name NAME",
    initial: defaults.clusterName,
  });
  const k3sVersion = await ask.text({
    message: "k3s release",
    flag: "--k3s-version v1.36.3+k3s1",
    initial: defaults.k3sVersion,
    validate: (value) => K3S_VERSION.test(value) ? undefined : "A release such as v1.36.3+k3s1",
  });
  const user = await ask.text({
    message: "Login name for ssh (empty: the one you have here)",
    flag: "--user NAME",
    ...(defaults.user === undefined ? {} : { initial: defaults.user }),
  });
  const hosts = await askHardware(ask, chosen);
  const gitRepoUrl = await ask.text({
    message: "Git repository for Flux (empty: later)",
    flag: "--git-repo URL",
    ...(defaults.gitRepoUrl === undefined ? {} : { initial: defaults.gitRepoUrl }),
  });
  return {
    hosts,
    clusterName,
    k3sVersion,
    user: user.trim() || undefined,
    gitRepoUrl: gitRepoUrl.trim() || undefined,
  };
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
    message = "At least one machine must run the control plane. Which?";
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
async function typeHosts(ask: Asker): Promise<HostDescription[]> {
  const servers = await ask.text({
    message: "Hosts of the control plane, as NAME=ADDRESS, parted by spaces",
    flag: "--control-plane HOST=ADDRESS",
    validate: (value) => hostsProblem(value, { role: "control-plane", needed: true }),
  });
  const workers = await ask.text({
    message: "Workers, as NAME=ADDRESS, parted by spaces (empty: none yet)",
    flag: "--worker HOST=ADDRESS",
    validate: (value) => hostsProblem(value, { role: "worker", needed: false }),
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
  { role, needed }: { readonly role: Role; readonly needed: boolean },
): string | undefined {
  const hosts = readHosts(text, role);
  if (needed && hosts.length === 0) return "At least one";
  for (const host of hosts) {
    const described = describeHost(host);
    if ("problems" in described) {
      const [problem] = described.problems;
      return `${problem?.value || host.name}: ${problem?.expected ?? problem?.message}`;
    }
  }
  return undefined;
}

async function askHardware(
  ask: Asker,
  hosts: readonly HostDescription[],
): Promise<HostDescription[]> {
  const choices = hosts.map(({ name, role }) => ({ value: name, label: name, hint: role }));
  const desks = await ask.multiselect({
    message: "At which of them does somebody work? They keep some processors and memory.",
    flag: "config set reserved_cpu 2 --scope HOST",
    choices,
  });
  const cards = await ask.multiselect({
    message: "Which have an NVIDIA GPU for the cluster? (others are detected)",
    flag: "config set gpu true --scope HOST",
    choices,
  });
  const described: HostDescription[] = [];
  for (const host of hosts) {
    const gpu = cards.includes(host.name);
    described.push({ ...host, gpu, ...desks.includes(host.name) ? await reserve(ask, host) : {} });
  }
  return described;
}

async function reserve(ask: Asker, host: HostDescription) {
  const check = (value: Partial<HostDescription>) => {
    const described = describeHost({ ...host, ...value });
    return "problems" in described ? described.problems[0]?.expected : undefined;
  };
  const reservedCpu = await ask.text({
    message: `Processors ${host.name} keeps to itself`,
    flag: `config set reserved_cpu 2 --scope ${host.name}`,
    initial: "2",
    validate: (value) => check({ reservedCpu: value }),
  });
  const reservedMemory = await ask.text({
    message: `Memory ${host.name} keeps to itself`,
    flag: `config set reserved_memory 4Gi --scope ${host.name}`,
    initial: "4Gi",
    validate: (value) => check({ reservedMemory: value }),
  });
  return { reservedCpu, reservedMemory };
}

function choiceOf(peer: AddressedPeer): Choice<string> {
  const state = peer.online ? "online" : "offline";
  const self = peer.isSelf ? ", this machine" : "";
  return { value: peer.ipv4, label: peer.name, hint: `${peer.ipv4}, ${state}${self}` };
}
