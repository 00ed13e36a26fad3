/**
 * What a setting holds for: everything, the hosts of a role, a group, or one host.
 *
 * @module
 */

import { didYouMean } from "../../errors/nearest.ts";
import { usageError } from "../../errors/user_error.ts";
import type { HostPlace } from "../read/group_tree.ts";
import type { LoadedContent } from "../read/read.ts";
import { type Role, ROLE_GROUPS, ROLES } from "../model.ts";
import type { SourcedVariable } from "../read/variables.ts";

/** A group or a host of an inventory. */
export type Scope =
  | { readonly kind: "group"; readonly name: string }
  | { readonly kind: "host"; readonly name: string; readonly places: readonly HostPlace[] };

/**
 * The scope a person named: `all`, `control_plane`, `workers` (whatever the group is called in this
 * inventory), another group, or a host.
 *
 * @throws {UserError} exit code 2 where there is no such group or host
 */
export function resolveScope(content: LoadedContent, name: string): Scope {
  if (name === "all") return { kind: "group", name };
  const role = ROLES.find((each) => ROLE_GROUPS[each] === name);
  if (role !== undefined) return { kind: "group", name: roleGroup(content, role) };
  const places = content.places.get(name);
  if (places !== undefined) return { kind: "host", name, places };
  const word = ROLES.find((each) => each === name);
  if (word !== undefined) return { kind: "group", name: roleGroup(content, word) };
  if (content.tree.groups.has(name)) return { kind: "group", name };
  throw usageError(`There is no host or group ${name || '""'} in ${content.document.file}`, {
    hint: didYouMean(
      name,
      [
        "all",
        ...Object.values(ROLE_GROUPS),
        ...content.tree.groups.keys(),
        ...content.places.keys(),
      ],
      "Use all, control_plane, workers or a host; see them with: k3s-tool node list",
    ),
  });
}

/**
 * The scope of a variable where no scope is named: `all`, or the one group that sets it for every
 * node, as `k3s_cluster` does in k3s-ansible's inventories.
 */
export function scopeOf(content: LoadedContent, variable: string): Scope {
  const all = { kind: "group", name: "all" } as const;
  const [only, ...others] = settingGroups(content, variable);
  if (only === undefined || others.length > 0) return all;
  const { hosts } = content.inventory;
  const hasAll = hosts.length > 0 && hosts.every(({ groups }) => groups.includes(only));
  return hasAll ? { kind: "group", name: only } : all;
}

/** The groups that set a variable themselves. */
export function settingGroups(content: LoadedContent, variable: string): string[] {
  return [...content.tree.groups.keys()].filter((name) =>
    content.variables.ownOfGroup(name).some((layer) => layer.has(variable))
  );
}

/** The group of a role in this inventory; the usual name where it has none. */
export function roleGroup(content: LoadedContent, role: Role): string {
  const names = content.roleGroups[role];
  return names.find((name) => name === ROLE_GROUPS[role]) ?? names[0] ?? ROLE_GROUPS[role];
}

/** What holds in a scope, what it inherits included. */
export function effectiveVariables(
  content: LoadedContent,
  scope: Scope,
): ReadonlyMap<string, SourcedVariable> {
  return scope.kind === "host"
    ? content.variables.ofHost(scope.places)
    : content.variables.ofGroup(scope.name);
}

/** What a scope sets by itself, weakest first. */
export function ownVariables(
  content: LoadedContent,
  scope: Scope,
): readonly ReadonlyMap<string, SourcedVariable>[] {
  return scope.kind === "host"
    ? content.variables.ownOfHost(scope.places)
    : content.variables.ownOfGroup(scope.name);
}
