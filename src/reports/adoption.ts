/**
 * What becomes of a k3s that somebody else installed: which hosts, with which settings, and what is in
 * the way.
 *
 * @module
 */

import knownFaults from "../../ansible/roles/k3s_service/files/known_faults.json" with {
  type: "json",
};
import type { OptionValue, PresentFacts } from "../ansible/events/present.ts";
import { K3S_OPTIONS, K3sConfig } from "../inventory/k3s_options.ts";
import {
  compareReleases,
  K3S_VERSION,
  minorOf,
  nodeNameOf,
  parseLabel,
} from "../inventory/kubernetes_syntax.ts";
import { DEFAULT_NETWORKS, type Inventory, type InventoryHost } from "../inventory/model.ts";
import type { Role } from "../inventory/model.ts";
import { Labels } from "../inventory/schema.ts";
import { isMapValue } from "../yaml/read_value.ts";
import type { YamlValue } from "../yaml/yaml_value.ts";

/** A host that was asked for, and what is known of it. */
export interface Candidate {
  /** As the person named it. */
  readonly name: string;
  /** Where the inventory has it. */
  readonly host: InventoryHost | undefined;
  /** Its address, as the inventory or the tailnet has it. */
  readonly address: string;
  readonly facts: PresentFacts;
}

/** A setting that an option becomes. */
export interface TakenSetting {
  readonly variable: string;
  /** The key in a map. */
  readonly member?: string;
  readonly value: YamlValue;
  readonly option: string;
}

/** A host that is taken over. */
export interface AdoptedHost {
  /** Its name in the inventory: that of its node. */
  readonly name: string;
  readonly host: InventoryHost | undefined;
  readonly role: Role;
  readonly address: string;
  readonly settings: readonly TakenSetting[];
  readonly facts: PresentFacts;
}

/** What keeps a host from being taken over. */
export interface Refusal {
  readonly host: string;
  readonly message: string;
  readonly hint: string;
}

/** What is taken over. */
export interface Adoption {
  readonly hosts: readonly AdoptedHost[];
  /** Hosts of the inventory whose k3s is this tool's already. */
  readonly done: readonly {
    readonly host: string;
    /** An earlier run was interrupted before k3s ran with what it wrote. */
    readonly unfinished: boolean;
  }[];
  /** Settings of the whole cluster. */
  readonly settings: readonly TakenSetting[];
  readonly refusals: readonly Refusal[];
}

const ROLE = { server: "control-plane", agent: "worker" } as const;

/** The oldest minor release whose faults are known. */
const OLDEST = Math.min(...Object.keys(knownFaults.flannel.fixed).map(Number));

/** What becomes of the hosts. Pure. */
export function adoption(
  candidates: readonly Candidate[],
  inventory: Inventory | undefined,
): Adoption {
  const refusals: Refusal[] = [];
  const hosts: AdoptedHost[] = [];
  const done: Adoption["done"][number][] = [];
  const cluster: TakenSetting[] = [];
  // The first server of a cluster is the one that began it: it joined no other.
  const ordered = candidates.toSorted((a, b) => rank(a) - rank(b));
  const leader = ordered.find(({ facts }) => facts.mode === "server");
  for (const { name, host, address, facts } of ordered) {
    const refuse = (message: string, hint: string) => refusals.push({ host: name, message, hint });
    if (facts.own) {
      if (host !== undefined) done.push({ host: host.name, unfinished: facts.unfinished });
      else {
        refuse(
          "k3s-tool already manages its k3s, from another inventory",
          "Use that inventory, or add the machine to this one with: k3s-tool node add",
        );
      }
      continue;
    }
    for (const { message, hint } of facts.problems) refuse(message, hint);
    const { mode, node, version, tailscale_ip: own } = facts;
    if (mode === null || !node) continue;
    const role = ROLE[mode];
    if (!own) {
      refuse("it has no Tailscale address", "Connect it: `tailscale up`.");
    } else if (own !== address) {
      refuse(
        `it says that its Tailscale address is ${own}, and it was reached as ${address}`,
        "Correct tailscale_ip, or check that this is the machine you mean.",
      );
    }
    if (host !== undefined && host.role !== role) {
      refuse(
        `it runs a k3s ${mode}, and the inventory has it as ${host.role}`,
        "Move it to the other group of the inventory.",
      );
    }
    if (nodeNameOf(host?.name ?? node) !== node) {
      refuse(
        `its node is ${node}, and the inventory's name of it would make it another node`,
        `Give it the name ${node} in the inventory.`,
      );
    }
    if (!version || !K3S_VERSION.test(version)) {
      refuse(`its version is ${version || "unknown"}, which is not a release of k3s`, UPGRADE);
    } else if (minorOf(version) < OLDEST) {
      refuse(`its k3s ${version} is older than v1.${OLDEST}`, UPGRADE);
    } else {
      const wanted = inventory?.cluster.k3sVersion;
      if (
        wanted !== undefined && K3S_VERSION.test(wanted) && compareReleases(version, wanted) > 0
      ) {
        refuse(
          `its k3s ${version} is newer than k3s_version, ${wanted}`,
          `Raise it: k3s-tool config set k3s_version ${version}`,
        );
      }
    }
    if (leader !== undefined && facts.cluster !== leader.facts.cluster) {
      refuse(
        `its k3s belongs to another cluster than ${leader.name}`,
        "Adopt one cluster at a time, each with its own inventory.",
      );
    }
    const taken = settingsOf(facts);
    for (const problem of taken.problems) refuse(problem, "Remove it, restart k3s, then adopt it.");
    const isNews = ({ variable, member }: TakenSetting) => {
      const known = host?.vars.get(variable)?.value;
      return known === undefined ||
        member !== undefined && isMapValue(known) && !Object.hasOwn(known, member);
    };
    hosts.push({
      name: host?.name ?? node,
      host,
      role,
      address,
      settings: taken.host.filter(isNews),
      facts,
    });
    cluster.push(...taken.cluster.filter((setting) => isNewsFor(inventory, setting)));
  }
  const servers = inventory?.hosts.filter((host) => host.role === "control-plane") ?? [];
  if (leader === undefined && servers.length === 0 && hosts.length > 0) {
    const [first] = hosts;
    const url = first!.facts.options.server;
    refusals.push({
      host: first!.name,
      message: `its server${
        typeof url === "string" ? ` (${url})` : ""
      } is not among the hosts, nor in the inventory`,
      hint: "Name it too: k3s-tool adopt SERVER HOST…",
    });
  }
  return { hosts, done, refusals, settings: [...versionOf(leader, inventory), ...once(cluster)] };
}

const UPGRADE =
  "Upgrade it the way it was installed, one minor version at a time, to a release; then adopt it.";

/** Servers that joined no other come first, then the others, then agents. */
function rank({ facts }: Candidate): number {
  if (facts.mode !== "server") return 2;
  return facts.options.server === undefined ? 0 : 1;
}

function versionOf(
  leader: Candidate | undefined,
  inventory: Inventory | undefined,
): readonly TakenSetting[] {
  const version = leader?.facts.version;
  if (!version || inventory?.cluster.k3sVersion !== undefined) return [];
  return [{ variable: "k3s_version", value: version, option: "" }];
}

function isNewsFor(inventory: Inventory | undefined, { variable, member }: TakenSetting): boolean {
  const known = inventory?.cluster.vars.get(variable)?.value;
  return known === undefined ||
    member !== undefined && isMapValue(known) && !Object.hasOwn(known, member);
}

/** The first that says something of a variable wins, but for names of the certificate: all of them count. */
function once(settings: readonly TakenSetting[]): readonly TakenSetting[] {
  const found = new Map<string, TakenSetting>();
  for (const setting of settings) {
    const key = `${setting.variable}\0${setting.member ?? ""}`;
    const known = found.get(key);
    if (known === undefined) found.set(key, setting);
    else if (setting.variable === "k3s_tls_san") {
      const value = [known.value, setting.value].flat() as readonly string[];
      found.set(key, { ...known, value: [...new Set(value)] });
    }
  }
  return [...found.values()];
}

/** Options that have a setting of their own for the whole cluster. */
const CLUSTER = {
  "cluster-cidr": "k3s_cluster_cidr",
  "service-cidr": "k3s_service_cidr",
  "disable": "k3s_disable",
  "tls-san": "k3s_tls_san",
} as const;

/** How a template of Ansible's begins. */
const TEMPLATE = /\{[{%#]/;

/** The settings that options become. */
export function settingsOf({ options, names, mode, tailscale_ip }: PresentFacts): {
  readonly host: readonly TakenSetting[];
  readonly cluster: readonly TakenSetting[];
  readonly problems: readonly string[];
} {
  const host: TakenSetting[] = [];
  const cluster: TakenSetting[] = [];
  const problems: string[] = [];
  for (const [option, value] of Object.entries(options)) {
    const list = [value].flat();
    const known = K3S_OPTIONS.get(option);
    // What is for all servers is only a server's to say.
    if (!known?.on.includes(mode ?? "") || list.length === 0) continue;
    // In an inventory it would be rendered, on this machine.
    if (list.some((text) => TEMPLATE.test(text))) {
      problems.push(
        `k3s runs with ${option} ${list.join(", ")}, which Ansible would treat as a template`,
      );
      continue;
    }
    if (option === "node-label") {
      for (const text of list) {
        const label = parseLabel(text);
        // Others stay at the node: k3s never takes a label away.
        if (label === undefined || !Labels.safeParse({ [label.key]: label.value }).success) {
          continue;
        }
        host.push({ variable: "node_labels", member: label.key, value: label.value, option });
      }
    } else if (Object.hasOwn(CLUSTER, option)) {
      const variable = CLUSTER[option as keyof typeof CLUSTER];
      const own = option === "tls-san"
        ? list.filter((name) => !names.includes(name) && name !== tailscale_ip)
        : list;
      const isDefault = Object.entries(DEFAULT_NETWORKS).some(([name, network]) =>
        name === variable && own.join() === network
      );
      if (own.length === 0 || isDefault) continue;
      cluster.push({ variable, value: option.endsWith("cidr") ? own.join() : own, option });
    } else if (known.instead === undefined) {
      const typed = typedValue(known.type, value);
      const problem = K3sConfig.safeParse({ [option]: typed }).error?.issues[0]?.message;
      if (problem !== undefined) {
        problems.push(`k3s runs with ${option} ${list.join(", ")}; k3s_config takes ${problem}`);
      }
      const setting = { variable: "k3s_config", member: option, value: typed, option };
      (known.shared ? cluster : host).push(setting);
    }
  }
  return { host, cluster, problems };
}

/** A text of an option as `k3s_config` has it. */
function typedValue(type: string, value: OptionValue): YamlValue {
  if (type === "list") return [value].flat();
  const text = [value].flat().at(-1) ?? "";
  if (type === "bool") return text === "true";
  return type === "int" && /^-?\d+$/.test(text) ? Number(text) : text;
}
