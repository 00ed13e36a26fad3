/**
 * Options that several commands share: of those that ask the cluster, of those that run Ansible on hosts,
 * and scopes.
 *
 * @module
 */

import type { AnsibleAnswers } from "../../actions/action_system.ts";
import type { ClusterChoice } from "../../actions/survey.ts";
import { Prompter } from "../output/prompt.ts";
import { type GlobalOptions, option } from "./command.ts";
import type { Context } from "./context.ts";
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

/** Where the passwords come from. A password itself is never an argument. */
export const PASSWORD_OPTIONS = {
  askBecomePass: option.flag("-K, --ask-become-pass", "ask for the sudo password for the hosts"),
  becomePasswordFile: option.text(
    "--become-password-file <file>",
    "file with the sudo password for the hosts",
    { env: "ANSIBLE_BECOME_PASSWORD_FILE", completes: "file" },
  ),
  vaultPasswordFile: option.text(
    "--vault-password-file <file>",
    "file with the Ansible Vault password",
    { env: "ANSIBLE_VAULT_PASSWORD_FILE", completes: "file" },
  ),
};

/**
 * What actions take of the person: password files by absolute path or the password that is typed, and
 * who is asked before ansible-core is installed (`--yes` says yes; where nobody can be asked it is no).
 *
 * @throws {UserError} exit code 2 where a password is to be typed and there is no terminal
 */
export async function ansibleAnswers(
  { askBecomePass, becomePasswordFile, vaultPasswordFile }: {
    readonly askBecomePass: boolean;
    readonly becomePasswordFile: string | undefined;
    readonly vaultPasswordFile: string | undefined;
  },
  context: Pick<Context, "cwd" | "signal" | "stderr">,
  globals: GlobalOptions,
): Promise<AnsibleAnswers> {
  const prompter = new Prompter(globals, context);
  const absolute = (path: string | undefined) =>
    path === undefined || path.startsWith("/") ? path : `${context.cwd}/${path}`;
  const flag = "--become-password-file FILE";
  return {
    passwords: {
      ...(askBecomePass
        ? {
          becomePassword: await prompter.secret({ message: "Sudo password for the hosts", flag }),
        }
        : { becomePasswordFile: absolute(becomePasswordFile) }),
      vaultPasswordFile: absolute(vaultPasswordFile),
    },
    mayInstall: async (message) => {
      if (!globals.yes && !prompter.canAsk) return false;
      const allowed = await prompter.confirm({ message, flag: "--yes" });
      if (allowed && !globals.quiet) {
        context.stderr.write("Installing a private ansible-core; this may take some minutes.\n");
      }
      return allowed;
    },
  };
}
