/**
 * Checks the repository a cluster follows, offline.
 *
 * @module
 */

import { missingError, usageError } from "../../errors/user_error.ts";
import { checkRepository, type RepositoryCheck } from "../../gitops/check/check_repository.ts";
import { findKustomize } from "../../gitops/check/kustomize_build.ts";
import { repositoryFiles } from "../../gitops/repository/repository_files.ts";
import { rootOf } from "../../gitops/check/flux_entry.ts";
import { liesIn, realPlace } from "../../gitops/repository/work_tree.ts";
import type { System } from "../../process/system.ts";

/** Where kustomize comes from, for who has none. */
const HOW_TO_GET = "Get kustomize from https://github.com/kubernetes-sigs/kustomize/releases, or " +
  "with mise: mise use -g kustomize; kubectl has it inside too.";

/**
 * Checks a repository.
 *
 * @param options.strict refuses to leave anything unchecked
 * @throws {UserError} exit code 2 where there is nothing to check; 3 with `strict` where overlays
 *   cannot be built
 */
export async function validateRepository(
  system: System,
  { directory, strict }: { readonly directory: string; readonly strict: boolean },
): Promise<RepositoryCheck> {
  const [root, asked] = [await rootOf(directory), await realPlace(directory)];
  const files = await repositoryFiles(root, { scope: liesIn(asked, root) ? asked : root });
  const kustomize = await findKustomize(system);
  if (kustomize === undefined && strict) {
    throw missingError("Neither kustomize nor kubectl is installed: overlays cannot be built", {
      hint: HOW_TO_GET,
    });
  }
  const check = await checkRepository(system, files, { kustomize });
  const looksLikeOne = files.paths.some((path) => /^(?:clusters|apps|infrastructure)\//.test(path));
  if (check.objects + check.clusters.length === 0 && !looksLikeOne) {
    throw usageError(
      `There is neither clusters/ nor apps/ in ${directory}, nor anything else Flux would apply`,
      {
        hint: "Name the repository: k3s-tool gitops validate DIR; or make one: k3s-tool gitops " +
          "init DIR",
      },
    );
  }
  return check;
}
