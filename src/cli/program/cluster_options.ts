/**
 * Options of the commands that ask the cluster.
 *
 * @module
 */

import type { ClusterChoice } from "../../actions/survey.ts";
import type { OptionDeclaration } from "./command.ts";

/** Which cluster is asked. */
export const CLUSTER_OPTIONS = {
  kubeconfig: {
    kind: "string",
    flags: "--kubeconfig <file>",
    description: "kubeconfig to use (default: KUBECONFIG, then ~/.kube/config)",
    completes: "file",
  },
  context: {
    kind: "string",
    flags: "--context <name>",
    description: "context to use (default: the inventory's cluster_name)",
  },
} as const satisfies Record<string, OptionDeclaration>;

/** A longer timer would fire at once (a day is as good as for ever here), in milliseconds. */
const LONGEST_TIMER_MS = 24 * 60 * 60 * 1000;

/** How long one answer may take. */
export const TIMEOUT_OPTION = {
  kind: "number",
  flags: "--timeout <seconds>",
  description: "how long the API server may take for one answer",
} as const satisfies OptionDeclaration;

/** The values of these options as actions take them. */
export function clusterChoice(options: {
  readonly kubeconfig: string | undefined;
  readonly context: string | undefined;
  readonly timeout: number | undefined;
}): ClusterChoice {
  const { kubeconfig, context, timeout } = options;
  return {
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
    ...(context === undefined ? {} : { context }),
    ...(timeout === undefined ? {} : { timeoutMs: Math.min(timeout * 1000, LONGEST_TIMER_MS) }),
  };
}
