/**
 * Checks the repository a cluster follows, offline.
 *
 * @module
 */

import { missingError, usageError, UserError } from "../../errors/user_error.ts";
import { checkRepository, type RepositoryCheck } from "../../gitops/check/check_repository.ts";
import { findKustomize } from "../../gitops/check/kustomize_build.ts";
import { repositoryFiles } from "../../gitops/repository/repository_files.ts";
import { rootOf } from "../../gitops/check/flux_entry.ts";
import type { StorageOfCluster } from "../../gitops/check/repository_rules.ts";
import { locateInventoryIfAny } from "../../inventory/read/locate.ts";
import { openInventory } from "../../inventory/read/read.ts";
import { K3S_CLASS } from "../../inventory/schema.ts";
import { storagePathsOf } from "../../inventory/storage.ts";
import { liesIn, realPlace } from "../../gitops/repository/work_tree.ts";
import type { System } from "../../process/system.ts";

/** Where kustomize comes from, for who has none. */
const HOW_TO_GET = "Get kustomize from https://github.com/kubernetes-sigs/kustomize/releases, or " +
  "with mise: mise use -g kustomize; kubectl has it inside too.";

/**
 * The storage classes of the inventory's cluster. One that was not named and cannot be read says nothing
 * about this repository.
 *
 * @throws {UserError} exit code 2 or 3 where it is named and cannot be read
 */
async function storageOf(
  system: System,
  named: string | undefined,
): Promise<StorageOfCluster | undefined> {
  const file = await locateInventoryIfAny(system, named);
  if (file === undefined) return undefined;
  try {
    const { inventory: { hosts, cluster } } = await openInventory(system, file);
    const disabled = cluster.vars.get("k3s_disable")?.value;
    const settings = [cluster, ...hosts].map(({ vars }) => vars.get("storage_paths"));
    // What a template brings is not known.
    if (settings.some((setting) => (setting?.state ?? "plain") !== "plain")) return undefined;
    const own = hosts.flatMap((host) => storagePathsOf(host).map((each) => each.class));
    const isOff = Array.isArray(disabled) && disabled.includes("local-storage");
    const classes = new Set([...isOff ? [] : [K3S_CLASS], ...own]);
    return { cluster: cluster.clusterName, classes: [...classes] };
  } catch (error) {
    if (named !== undefined || !(error instanceof UserError)) throw error;
    return undefined;
  }
}

/**
 * Checks a repository.
 *
 * @param options.strict refuses to leave anything unchecked
 * @throws {UserError} exit code 2 where there is nothing to check; 3 with `strict` where overlays
 *   cannot be built
 */
export async function validateRepository(
  system: System,
  { directory, strict, inventory }: {
    readonly directory: string;
    readonly strict: boolean;
    /** As given with `-i`; undefined: the nearest, if any. */
    readonly inventory?: string | undefined;
  },
): Promise<RepositoryCheck> {
  const [root, asked] = [await rootOf(directory), await realPlace(directory)];
  const files = await repositoryFiles(root, { scope: liesIn(asked, root) ? asked : root });
  const kustomize = await findKustomize(system);
  if (kustomize === undefined && strict) {
    throw missingError("Neither kustomize nor kubectl is installed: overlays cannot be built", {
      hint: HOW_TO_GET,
    });
  }
  const check = await checkRepository(system, files, {
    kustomize,
    storage: await storageOf(system, inventory),
  });
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
