/**
 * `--tags` and `--skip-tags`: which parts of a run are done.
 *
 * @module
 */

import { didYouMean } from "../../errors/nearest.ts";
import { usageError } from "../../errors/user_error.ts";

/** The parts, as the playbooks tag them. */
export const TAGS = [
  "preflight",
  "prerequisites",
  "binary",
  "control_plane",
  "workers",
  "node_config",
  "kubeconfig",
  "gitops",
] as const;

/** Words of Ansible's own (playbook guide, "Special tags"). */
const SPECIAL = ["all", "always", "never", "tagged", "untagged"];

/**
 * Refuses a part that there is not: Ansible would do nothing and call it a success.
 *
 * @throws {UserError} exit code 2
 */
export function checkTags(tags: readonly string[]): void {
  const known: readonly string[] = [...TAGS, ...SPECIAL];
  const unknown = tags.filter((tag) => !known.includes(tag));
  if (unknown.length === 0) return;
  throw usageError(`There is no part ${unknown.join(", ")}`, {
    hint: didYouMean(unknown[0]!, known, `The parts are ${TAGS.join(", ")}.`),
  });
}
