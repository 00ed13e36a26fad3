/**
 * Hosts as the cluster's nodes: role, address and settings from their effective variables.
 *
 * @module
 */

import type { Problem } from "../../errors/user_error.ts";
import type { GroupTree } from "./group_tree.ts";
import { decidingGroups, roleOfGroup } from "./groups.ts";
import { networkContains, parseIpv4, parseNetwork } from "../ipv4.ts";
import type { Parts } from "./load.ts";
import { nodeNameOf, TAINT_EFFECTS } from "../kubernetes_syntax.ts";
import { type InventoryHost, type Role, ROLE_GROUPS, type Taint } from "../model.ts";
import type { YamlValue } from "../../yaml/yaml_value.ts";
import { HOST_VARIABLES, NodeDefinition } from "../schema.ts";
import { plainText, type SourcedVariable } from "./variables.ts";
import { isMapValue } from "../../yaml/read_value.ts";

const OWN_GROUPS: readonly string[] = Object.values(ROLE_GROUPS);

/** Variables that only a node of this tool has. */
const OWN_VARIABLES = HOST_VARIABLES.filter((name) => !name.startsWith("ansible_"));

/** Makes the hosts of an inventory; the values were checked against their schemas before. */
export function readHosts({ tree, places: all, variables }: Parts, network: string) {
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
    if (roles.size === 0) {
      const problem: Problem = {
        message: `${name} is in no group that gives it a role`,
        where,
        value: groups.length === 0 ? "all" : groups.join(", "),
        expected: "the group control_plane or workers",
      };
      // A host in another group is not ours, unless variables that only this tool has are set for it.
      const isOurs = OWN_VARIABLES.some((variable) => vars.get(variable)?.scope === name);
      if (isOurs) problems.push(problem);
      else warnings.push({ ...problem, message: `${problem.message}; it is left alone` });
      continue;
    }
    // kubespray lists its control plane among the workers too: a server runs workloads as well.
    const role = roles.has("control-plane") ? "control-plane" : "worker";
    const expected = expectedName(name, tree);
    if (expected !== undefined) {
      problems.push({
        message: `${name} cannot be the name of a node`,
        where,
        value: name,
        expected,
      });
    }
    const host = makeHost({ name, role, groups, vars, where }, network);
    // A templated or encrypted address is left for Ansible to find out.
    const ssh = vars.get("ansible_host")?.state ?? "plain";
    if (host.tailscaleIp === undefined && !vars.has("tailscale_ip") && ssh === "plain") {
      problems.push({
        message: `${name} has no tailscale_ip`,
        where,
        expected: "its address in the tailnet: tailscale_ip: 100.x.y.z",
      });
    }
    hosts.push(host);
  }
  hosts.sort((a, b) => Number(a.role === "worker") - Number(b.role === "worker"));
  return { hosts, problems, warnings };
}

/** What a name has to be that no node can have, or that Ansible would take for a group. */
function expectedName(name: string, tree: GroupTree): string | undefined {
  const result = NodeDefinition.shape.name.safeParse(name);
  if (!result.success) return result.error.issues[0]!.message;
  const group = tree.groups.get(name);
  if (group === undefined) return undefined;
  // A group of that one host means the same to Ansible; ours may get more.
  const same = group.children.size === 0 && group.hosts.every(({ host }) => host === name);
  return same && !OWN_GROUPS.includes(name)
    ? undefined
    : `another name than that of a group: Ansible would take ${name} for all hosts of the group`;
}

function makeHost(
  { vars, ...host }: Pick<InventoryHost, "name" | "role" | "groups" | "where"> & {
    readonly vars: ReadonlyMap<string, SourcedVariable>;
  },
  network: string,
): InventoryHost {
  const get = (key: string) => plainText(vars.get(key));
  const ansibleHost = vars.has("ansible_host") ? get("ansible_host") : host.name;
  // Inventories of other tools have no tailscale_ip: the address ssh uses may be the one.
  const tailscaleIp = vars.has("tailscale_ip")
    ? get("tailscale_ip")
    : ansibleHost !== undefined && isInNetwork(ansibleHost, network)
    ? ansibleHost
    : undefined;
  const gpu = vars.get("gpu")?.value;
  return {
    ...host,
    nodeName: nodeNameOf(host.name),
    tailscaleIp,
    ansibleHost,
    user: get("ansible_user"),
    reservedCpu: get("reserved_cpu"),
    reservedMemory: get("reserved_memory"),
    gpu: typeof gpu === "boolean" ? gpu : undefined,
    labels: labelsOf(vars.get("node_labels")?.value),
    taints: taintsOf(vars.get("node_taints")?.value),
    vars,
  };
}

function isInNetwork(address: string, network: string): boolean {
  const parsed = parseIpv4(address);
  const known = parseNetwork(network);
  return parsed !== undefined && known !== undefined && networkContains(known, parsed);
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
