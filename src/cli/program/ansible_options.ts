/**
 * What the commands that run Ansible on hosts take: passwords, and leave to install it.
 *
 * @module
 */

import type { MayI } from "../../actions/action_system.ts";
import type { PasswordFiles } from "../../ansible/run/invocation.ts";
import { type GlobalOptions, option } from "./command.ts";
import { Prompter } from "../output/prompt.ts";

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
  context: { readonly cwd: string; readonly signal: AbortSignal },
  globals: GlobalOptions,
): Promise<{ readonly passwords: PasswordFiles; readonly mayInstall: MayI }> {
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
    mayInstall: async (message) =>
      (globals.yes || prompter.canAsk) && await prompter.confirm({ message, flag: "--yes" }),
  };
}
