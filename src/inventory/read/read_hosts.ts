/**
 * Hosts as the cluster's nodes: role, address and settings from their effective variables.
 *
 * @module
 */

import type { Problem } from "../../errors/user_error.ts";
import type { GroupTree, HostPlace } from "./group_tree.ts";
import { decidingGroups, roleOfGroup } from "./groups.ts";
import { networkContains, parseIpv4, parseNetwork } from "../ipv4.ts";
import { nodeNameOf, TAINT_EFFECTS } from "../kubernetes_syntax.ts";
import { type InventoryHost, type Role, ROLE_GROUPS, type Taint } from "../model.ts";
import type { YamlValue } from "../../yaml/yaml_value.ts";
import { HOST_VARIABLES, NodeDefinition } from "../schema.ts";
import type { SourcedVariable, Variables } from "./variables.ts";
import { isMapValue } from "../../yaml/read_value.ts";

/** Addresses of Tailscale, unless the tailnet is told otherwise. */
export const DEFAULT_NETWORK = "100.64.0.0/10";

const OWN_GROUPS: readonly string[] = Object.values(ROLE_GROUPS);

/** Variables that only a node of this tool has. */
const OWN_VARIABLES = HOST_VARIABLES.filter((name) => !name.startsWith("ansible_"));

/** All places of each host, in the order of the file. */
export function placesByHost(tree: GroupTree): Map<string, HostPlace[]> {
  const places = new Map<string, HostPlace[]>();
  for (const group of tree.groups.values()) {
    for (const place of group.hosts) {
      const known = places.get(place.host);
      if (known === undefined) places.set(place.host, [place]);
      else known.push(place);
    }
  }
  return places;
}

/** Makes the hosts of a tree; the values were checked against their schemas before. */
export function readHosts(
  tree: GroupTree,
  { places: all, variables, network }: {
    readonly places: ReadonlyMap<string, readonly HostPlace[]>;
    readonly variables: Variables;
    readonly network: string;
  },
) {
  const hosts: InventoryHost[] = [];
  const problems: Problem[] = [];
  const warnings: Problem[] = [];
  const known = new Map<readonly string[], ReadonlySet<Role>>();
  const rolesOf = (groups: readonly string[]) => {
    let roles = known.get(groups);
    if (roles === undefined) {
      roles = new Set(decidingGroups(tree, groups).map((group) => roleOfGroup(group)!));
      known.set(groups, roles);
    }
    return roles;
  };
  for (const [name, places] of all) {
    const groups = variables.groupsOf(places);
    const vars = variables.ofHost(places);
    const where = places[0]!.where;
    const roles = rolesOf(groups);
    const host = { name, groups, vars, where, network };
    if (roles.size === 0) {
      const problem: Problem = {
        message: `${name} is in no group that gives it a role`,
        where,
        value: groups.length === 0 ? "all" : groups.join(", "),
        expected: "the group control_plane or workers",
      };
      if (isMeantAsNode(host)) problems.push(problem);
      else warnings.push({ ...problem, message: `${problem.message}; it is left alone` });
    } else {
      // kubespray lists its control plane among the workers too: a server runs workloads as well.
      const role = roles.has("control-plane") ? "control-plane" : "worker";
      problems.push(...nameProblems(host, tree));
      const made = makeHost(host, role);
      if (made.problem !== undefined) problems.push(made.problem);
      hosts.push(made.host);
    }
  }
  hosts.sort((a, b) => Number(a.role === "worker") - Number(b.role === "worker"));
  return { hosts, problems, warnings };
}

interface RawHost {
  readonly name: string;
  readonly groups: readonly string[];
  readonly vars: ReadonlyMap<string, SourcedVariable>;
  readonly where: InventoryHost["where"];
  readonly network: string;
}

/** A host in another group is not ours, unless variables that only this tool has are set for it. */
function isMeantAsNode(host: RawHost): boolean {
  return OWN_VARIABLES.some((name) => host.vars.get(name)?.scope === host.name);
}

function nameProblems({ name, where }: RawHost, tree: GroupTree): Problem[] {
  const result = NodeDefinition.shape.name.safeParse(name);
  const expected = result.success ? expectedName(name, tree) : result.error.issues[0]!.message;
  if (expected === undefined) return [];
  return [{ message: `${name} cannot be the name of a node`, where, value: name, expected }];
}

/** What a name has to be where Ansible would take it for a group. */
function expectedName(name: string, tree: GroupTree): string | undefined {
  const group = tree.groups.get(name);
  if (group === undefined) return undefined;
  // A group of that one host means the same to Ansible; ours may get more.
  const same = group.children.size === 0 && group.hosts.every(({ host }) => host === name);
  return same && !OWN_GROUPS.includes(name)
    ? undefined
    : `another name than that of a group: Ansible would take ${name} for all hosts of the group`;
}

function makeHost(raw: RawHost, role: Role): { host: InventoryHost; problem?: Problem } {
  const { name, groups, vars, where } = raw;
  const get = (key: string) => plainText(vars.get(key));
  const address = vars.get("tailscale_ip");
  const sshAddress = vars.has("ansible_host") ? get("ansible_host") : name;
  const unknown = [address, vars.get("ansible_host")].some((each) =>
    each !== undefined && each.state !== "plain"
  );
  // Inventories of other tools have no tailscale_ip: the address ssh uses may be the one.
  const tailscaleIp = address !== undefined
    ? get("tailscale_ip")
    : sshAddress !== undefined && inNetwork(sshAddress, raw.network)
    ? sshAddress
    : undefined;
  const gpu = vars.get("gpu")?.value;
  const host: InventoryHost = {
    name,
    nodeName: nodeNameOf(name),
    role,
    groups,
    ...defined({ tailscaleIp, ansibleHost: sshAddress, user: get("ansible_user") }),
    ...defined({ reservedCpu: get("reserved_cpu"), reservedMemory: get("reserved_memory") }),
    ...(typeof gpu === "boolean" ? { gpu } : {}),
    labels: labelsOf(vars.get("node_labels")?.value),
    taints: taintsOf(vars.get("node_taints")?.value),
    vars,
    where,
  };
  if (address !== undefined || tailscaleIp !== undefined || unknown) return { host };
  const problem = {
    message: `${name} has no tailscale_ip`,
    where,
    expected: `its address in the tailnet: tailscale_ip: 100.x.y.z`,
  };
  return { host, problem };
}

function inNetwork(address: string, network: string): boolean {
  const parsed = parseIpv4(address);
  const known = parseNetwork(network);
  return parsed !== undefined && known !== undefined && networkContains(known, parsed);
}

/** The text of a value that is known; numbers as written in YAML. */
export function plainText(variable: SourcedVariable | undefined): string | undefined {
  if (variable === undefined || variable.state !== "plain") return undefined;
  const { value } = variable;
  return typeof value === "string" || typeof value === "number" ? String(value) : undefined;
}

function labelsOf(value: YamlValue | undefined): Record<string, string> {
  if (!isMapValue(value)) return {};
  return Object.fromEntries(
    Object.entries(value).filter((pair): pair is [string, string] => typeof pair[1] === "string"),
  );
}

function taintsOf(value: YamlValue | undefined): Taint[] {
  if (!Array.isArray(value)) return [];
  return (value as readonly YamlValue[]).flatMap((item) => {
    if (!isMapValue(item) || typeof item.key !== "string") return [];
    const effect = TAINT_EFFECTS.find((each) => each === item.effect);
    if (effect === undefined) return [];
    return [{
      key: item.key,
      ...(typeof item.value === "string" ? { value: item.value } : {}),
      effect,
    }];
  });
}

/** The members that have a value. */
export function defined<T extends object>(
  values: T,
): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const known = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(known) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
