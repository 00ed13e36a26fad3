/**
 * Which age key belongs to a repository.
 *
 * @module
 */

import { join } from "node:path";
import { usageError } from "../../errors/user_error.ts";
import { readAgeKey } from "../../gitops/keys/age_key.ts";
import { configuredRecipients } from "../../gitops/check/secret_rules.ts";
import { liesIn, realPlace } from "../../gitops/repository/work_tree.ts";
import type { System } from "../../process/system.ts";

/** The key of a repository as it is or would be. */
export interface RepositoryKey {
  /** Absolute path of the private key. */
  readonly file: string;
  /** Undefined where the key is still to be made. */
  readonly recipient: string | undefined;
  /** True where the repository has rules for secrets already. */
  readonly rules: boolean;
  readonly warnings: readonly string[];
}

/** Where a cluster's key is kept if nobody says otherwise. */
export function ownKey({ directories }: Pick<System, "directories">, cluster: string): string {
  return join(directories.config, "age", `${cluster}.txt`);
}

/**
 * Looks at a key and at the rules of a repository.
 *
 * @param file absolute path of the key, be it there or to be made
 * @throws {UserError} exit code 2 where the key lies in the repository, or cannot be used
 */
export async function repositoryKey(
  file: string,
  { directory }: { readonly directory: string },
): Promise<RepositoryKey> {
  if (liesIn(await realPlace(file), await realPlace(directory))) {
    throw usageError(`${file} is inside the repository; a private key must not be`, {
      hint: "Name a place outside: --age-key-file FILE",
    });
  }
  const key = await readAgeKey(file);
  const read = (path: string) => Deno.readTextFile(join(directory, path)).catch(() => undefined);
  const configured = await configuredRecipients({ read });
  const recipient = key?.recipient ?? configured?.[0];
  const warnings: string[] = [];
  if (configured === undefined) {
    const rules = await read(".sops.yaml") !== undefined;
    if (rules) {
      warnings.push(
        ".sops.yaml names no age recipient, so that the cluster could not decrypt; add one to " +
          `its rules: age: ${recipient ?? `the public key in ${file}`}`,
      );
    }
    return { file, recipient, rules, warnings };
  }
  // Secrets are encrypted for these already; another recipient would lock everybody out.
  if (key === undefined) {
    warnings.push(
      `.sops.yaml names ${configured.join(", ")}; put the private key of it into ${file}, ` +
        "or name its place with --age-key-file",
    );
  } else if (!configured.includes(key.recipient)) {
    warnings.push(`.sops.yaml does not name ${key.recipient}, the key in ${file}`);
  }
  return { file, recipient, rules: true, warnings };
}
