/**
 * Options of the commands that log in to hosts: files with the passwords Ansible needs there.
 *
 * @module
 */

import type { PasswordFiles } from "../ansible/invocation.ts";
import type { OptionDeclaration } from "./command.ts";

/** Where the passwords are. A password itself is never an argument. */
export const PASSWORD_OPTIONS = {
  becomePasswordFile: {
    kind: "string",
    flags: "--become-password-file <file>",
    description: "file with the sudo password of the hosts",
    env: "ANSIBLE_BECOME_PASSWORD_FILE",
    completes: "file",
  },
  vaultPasswordFile: {
    kind: "string",
    flags: "--vault-password-file <file>",
    description: "file with the password of encrypted variables",
    env: "ANSIBLE_VAULT_PASSWORD_FILE",
    completes: "file",
  },
} as const satisfies Record<string, OptionDeclaration>;

/** The values of these options as actions take them: absolute paths. */
export function passwordFiles(
  { becomePasswordFile, vaultPasswordFile }: {
    readonly becomePasswordFile: string | undefined;
    readonly vaultPasswordFile: string | undefined;
  },
  { cwd }: { readonly cwd: string },
): PasswordFiles {
  const absolute = (path: string) => path.startsWith("/") ? path : `${cwd}/${path}`;
  return {
    ...(becomePasswordFile === undefined
      ? {}
      : { becomePasswordFile: absolute(becomePasswordFile) }),
    ...(vaultPasswordFile === undefined ? {} : { vaultPasswordFile: absolute(vaultPasswordFile) }),
  };
}
