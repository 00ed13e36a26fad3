/**
 * `--limit`: which hosts a run is about.
 *
 * @module
 */

import { didYouMean } from "../../errors/nearest.ts";
import { usageError } from "../../errors/user_error.ts";
import { type Inventory, ROLE_GROUPS, ROLES } from "../../inventory/model.ts";

/** A plain name; Ansible's patterns (`workers:!n2`, `n*`, `~n\d`, `@file`) are left to Ansible. */
const PLAIN_NAME = /^[A-Za-z0-9_.-]+$/;

/**
 * Refuses a name that is no host and no group, which Ansible would only warn about.
 *
 * @throws {UserError} exit code 2
 */
export function checkLimit(inventory: Inventory, limit: readonly string[]): void {
  const known = new Set([
    "all",
    "ungrouped",
    ...inventory.hosts.flatMap((host) => [host.name, ...host.groups]),
    ...ROLES.flatMap((role) => [ROLE_GROUPS[role], ...inventory.roleGroups[role]]),
  ]);
  refuseUnknown(inventory, {
    what: "host or group",
    names: limit.filter((name) => PLAIN_NAME.test(name)),
    known,
  });
}

/**
 * Refuses a name that is no host.
 *
 * @throws {UserError} exit code 2
 */
export function checkHosts(inventory: Inventory, names: readonly string[]): void {
  const known = new Set(inventory.hosts.map(({ name }) => name));
  refuseUnknown(inventory, { what: "host", names, known });
}

function refuseUnknown(
  inventory: Inventory,
  { what, names, known }: {
    readonly what: string;
    readonly names: readonly string[];
    readonly known: ReadonlySet<string>;
  },
): void {
  const unknown = names.filter((name) => !known.has(name));
  if (unknown.length === 0) return;
  throw usageError(`The inventory has no ${what} ${unknown.join(", ")}`, {
    where: { file: inventory.file },
    hint: didYouMean(unknown[0]!, known, "See the hosts with: k3s-tool node list"),
  });
}

/** The parts, as the playbooks tag them. */
export const TAGS = [
  "preflight",
  "prerequisites",
  "binary",
  "control_plane",
  "workers",
  "node_config",
  "gpu",
  "storage",
  "backup",
  "kubeconfig",
  "gitops",
  "notify",
] as const;

/** Words of Ansible's own (playbook guide, "Special tags"). */
const SPECIAL = ["all", "always", "never", "tagged", "untagged"];

/**
 * Rejects an unknown tag: Ansible would do nothing and report success.
 *
 * @throws {UserError} exit code 2
 */
export function checkTags(tags: readonly string[]): void {
  const known: readonly string[] = [...TAGS, ...SPECIAL];
  const unknown = tags.filter((tag) => !known.includes(tag));
  if (unknown.length === 0) return;
  throw usageError(`Unknown tag ${unknown.join(", ")}`, {
    hint: didYouMean(unknown[0]!, known, `Tags: ${TAGS.join(", ")}.`),
  });
}
