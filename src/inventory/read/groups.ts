/**
 * Groups as Ansible orders them, and which of them give a host its role.
 *
 * @module
 */

import type { Group, GroupTree } from "./group_tree.ts";
import { type Inventory, type Role, ROLE_GROUPS, ROLES } from "../model.ts";

/**
 * Names of groups that other tools use for the roles, each with its counterpart: k3s-ansible
 * (`server`/`agent`, before 2024 `master`/`node`), kubespray (`kube_control_plane`/`kube_node`) and
 * common variants.
 */
const PAIRS: readonly (readonly [server: string, worker: string])[] = [
  [ROLE_GROUPS["control-plane"], ROLE_GROUPS.worker],
  ["server", "agent"],
  ["servers", "agents"],
  ["master", "node"],
  ["masters", "workers"],
  ["masters", "nodes"],
  ["control_planes", "workers"],
  ["control-plane", "workers"],
  ["control-planes", "workers"],
  ["controlplane", "worker"],
  ["controlplanes", "workers"],
  ["kube_control_plane", "kube_node"],
];

/** What people put before such a name, and behind it: `k3s-server`, `worker_nodes`. */
const BEFORE = /^(?:k3s|k8s|kube|kubernetes)[_-]?/i;
const BEHIND = /[_-]?(?:nodes?|hosts?)$/i;

/** Too common alone: `control` and `controller` may well be the machine that Ansible runs on. */
const SHORT = ["control", "controller", "controllers", "cp"];

/** The names a group's name may stand for, itself first. */
function bareNames(name: string): string[] {
  const lower = name.toLowerCase();
  const inner = lower.replace(BEFORE, "");
  return [lower, inner, lower.replace(BEHIND, ""), inner.replace(BEHIND, "")]
    .map((bare) => SHORT.includes(bare) && bare !== lower ? "controlplane" : bare);
}

/** The role a group's name stands for; undefined for any other group. */
export function roleOfGroup(name: string): Role | undefined {
  for (const bare of bareNames(name)) {
    if (PAIRS.some(([server]) => server === bare)) return "control-plane";
    if (PAIRS.some(([, worker]) => worker === bare)) return "worker";
  }
  return undefined;
}

/** The name for a role's group in an inventory that has only the other role's group so far. */
export function groupBeside(role: Role, otherGroups: readonly string[]): string {
  const [own, other] = role === "worker" ? [1, 0] as const : [0, 1] as const;
  for (const name of otherGroups) {
    const exact = PAIRS.find((pair) => pair[other] === name);
    if (exact !== undefined) return exact[own];
    const prefix = BEFORE.exec(name)?.[0] ?? "";
    const bare = name.slice(prefix.length);
    const pair = PAIRS.find((each) => each[other] === bare);
    if (pair !== undefined) return prefix + pair[own];
  }
  return ROLE_GROUPS[role];
}

/** A group and all groups above it, but `all`. */
export function withAncestors(tree: GroupTree, name: string): Set<string> {
  const found = new Set<string>();
  const visit = (each: string) => {
    if (each === "all" || found.has(each)) return;
    found.add(each);
    for (const parent of tree.groups.get(each)?.parents ?? []) visit(parent);
  };
  visit(name);
  return found;
}

/**
 * Groups in the order their variables apply, later ones winning: by depth, then
 * `ansible_group_priority`, then name (ansible-core `inventory/helpers.py`, `sort_groups`).
 */
export function sortedGroups(
  tree: GroupTree,
  names: Iterable<string>,
  priority: (group: Group) => number,
): string[] {
  const depths = new Map<string, number>([["all", 0]]);
  const depth = (name: string): number => {
    const known = depths.get(name);
    if (known !== undefined) return known;
    depths.set(name, 1);
    const parents = [...tree.groups.get(name)?.parents ?? []];
    const found = 1 + Math.max(0, ...parents.map(depth));
    depths.set(name, found);
    return found;
  };
  const keyed = [...names].map((name) => {
    const group = tree.groups.get(name);
    return { name, depth: depth(name), priority: group === undefined ? 1 : priority(group) };
  });
  keyed.sort((a, b) =>
    a.depth - b.depth || a.priority - b.priority || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)
  );
  return keyed.map(({ name }) => name);
}

/**
 * The role groups that decide for a host: those it is in, without the ones that merely contain
 * another (`nodes` around `control_plane` and `workers`).
 */
export function decidingGroups(tree: GroupTree, memberOf: Iterable<string>): string[] {
  const candidates = [...memberOf].filter((name) => roleOfGroup(name) !== undefined);
  const containers = new Set<string>();
  for (const name of candidates) {
    for (const ancestor of withAncestors(tree, name)) {
      if (ancestor !== name && roleOfGroup(ancestor) !== roleOfGroup(name)) {
        containers.add(ancestor);
      }
    }
  }
  return candidates.filter((name) => !containers.has(name));
}

/**
 * A small inventory to give Ansible beside one that uses other names for the groups, or has no
 * `tailscale_ip`: the playbooks know `control_plane`, `workers` and `tailscale_ip` alone.
 *
 * JSON, which is YAML. Undefined where the inventory needs no such help.
 */
export function aliasInventory(inventory: Inventory): string | undefined {
  const children: Record<string, unknown> = {};
  for (const role of ROLES) {
    const others = inventory.roleGroups[role].filter((name) => name !== ROLE_GROUPS[role]);
    if (others.length === 0) continue;
    children[ROLE_GROUPS[role]] = {
      children: Object.fromEntries(others.map((name) => [name, {}])),
    };
  }
  const hosts = inventory.hosts
    .filter((host) => host.tailscaleIp !== undefined && !host.vars.has("tailscale_ip"))
    .map((host) => [host.name, { tailscale_ip: host.tailscaleIp }]);
  if (Object.keys(children).length === 0 && hosts.length === 0) return undefined;
  return JSON.stringify({ all: { hosts: Object.fromEntries(hosts), children } }, null, 2) + "\n";
}
