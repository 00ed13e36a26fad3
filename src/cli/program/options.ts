/**
 * Options of the commands that ask the cluster.
 *
 * @module
 */

import type { ClusterChoice } from "../../actions/survey.ts";
import { option } from "./command.ts";
import { usageError } from "../../errors/user_error.ts";

/** Which cluster to contact, and how patiently. */
export const CLUSTER_OPTIONS = {
  kubeconfig: option.text(
    "--kubeconfig <file>",
    "kubeconfig to use (default: KUBECONFIG, then ~/.kube/config)",
    { completes: "file" },
  ),
  context: option.text(
    "--context <name>",
    "context to use (default: the inventory's cluster_name)",
  ),
  timeout: option.number(
    "--timeout <seconds>",
    "how long to wait for each answer of the API server",
  ),
};

/** A longer timer would fire at once (a day is as good as for ever here), in milliseconds. */
const LONGEST_TIMER_MS = 24 * 60 * 60 * 1000;

/** The values of these options as actions take them. */
export function clusterChoice(options: {
  readonly kubeconfig: string | undefined;
  readonly context: string | undefined;
  readonly timeout: number | undefined;
}): ClusterChoice {
  const { kubeconfig, context, timeout } = options;
  const timeoutMs = timeout && Math.min(timeout * 1000, LONGEST_TIMER_MS);
  return { kubeconfig, context, timeoutMs };
}

/** For what a variable is read or set. */
export const SCOPE_OPTION = option.text(
  "--scope <scope>",
  "all (default), control_plane, workers or a host",
  { completes: "host" },
);

/**
 * `["a,b", "c"]` as `["a", "b", "c"]`; empty parts are left out.
 *
 * @param flag the option they come from
 * @throws {UserError} exit code 2 where the option is given and names nothing: `--limit "$HOSTS"`
 *   with an empty variable must not mean every host
 */
export function commaList(values: readonly string[], flag: string): readonly string[] {
  const parts = values.flatMap((value) => value.split(",")).map((part) => part.trim())
    .filter((part) => part !== "");
  if (values.length > 0 && parts.length === 0) {
    throw usageError(`${flag} needs a value`, {
      hint: "Specify a value, or omit the option.",
    });
  }
  return parts;
}
