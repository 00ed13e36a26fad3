/**
 * Options of the commands that log in to hosts: the passwords Ansible needs there.
 *
 * @module
 */

import type { PasswordFiles } from "../../ansible/run/invocation.ts";
import { option } from "./command.ts";
import type { GlobalOptions } from "./global_options.ts";
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
 * The values of these options as actions take them: absolute paths, and the password that is typed.
 *
 * @throws {UserError} exit code 2 where it is to be typed and there is no terminal
 */
export async function passwordsOf(
  options: {
    readonly askBecomePass: boolean;
    readonly becomePasswordFile: string | undefined;
    readonly vaultPasswordFile: string | undefined;
  },
  context: { readonly cwd: string; readonly signal: AbortSignal },
  globals: GlobalOptions,
): Promise<PasswordFiles> {
  const { becomePasswordFile, vaultPasswordFile } = options;
  const absolute = (path: string) => path.startsWith("/") ? path : `${context.cwd}/${path}`;
  return {
    ...(options.askBecomePass
      ? {
        becomePassword: await new Prompter(globals, context).secret({
          message: "Sudo password for the hosts",
          flag: "--become-password-file FILE",
        }),
      }
      : becomePasswordFile === undefined
      ? {}
      : { becomePasswordFile: absolute(becomePasswordFile) }),
    ...(vaultPasswordFile === undefined ? {} : { vaultPasswordFile: absolute(vaultPasswordFile) }),
  };
}
