/**
 * Writes a new app into the repository a cluster follows.
 *
 * @module
 */

import { join, relative } from "node:path";
import { missingError, usageError, UserError } from "../../errors/user_error.ts";
import { appFiles, type AppPlace, SECRET_FILE } from "../../gitops/apps/app_files.ts";
import { secret } from "../../gitops/apps/app_objects.ts";
import { type AppRequest, type AppSpec, appSpec } from "../../gitops/apps/app_spec.ts";
import { checkRepository } from "../../gitops/check/check_repository.ts";
import {
  clustersOf,
  type DeployUnit,
  deployUnits,
  specOf,
} from "../../gitops/check/deploy_units.ts";
import { fetchedTrees } from "../../gitops/check/flux_entry.ts";
import { isObject, readManifests, textOf, valueAt } from "../../gitops/check/manifest.ts";
import { type RepositoryFiles, repositoryFiles } from "../../gitops/repository/repository_files.ts";
import type { ResourceTrees } from "../../gitops/check/resource_tree.ts";
import { configuredRecipients } from "../../gitops/check/secret_rules.ts";
import { encryptManifest, requireSops } from "../../gitops/keys/sops.ts";
import { checkTarget, isEmptyDirectory } from "../../gitops/repository/work_tree.ts";
import { writeYaml } from "../../gitops/repository/write_yaml.ts";
import { nothingWritten, writeAtomically } from "../../process/atomic_write.ts";
import type { System } from "../../process/system.ts";

/** A new app that can be written. */
export interface NewAppPlan {
  readonly directory: string;
  readonly spec: AppSpec;
  readonly place: AppPlace;
  readonly files: RepositoryFiles;
  readonly warnings: readonly string[];
}

/**
 * Checks a request against the repository. Changes nothing.
 *
 * @throws {UserError} exit code 2 where the request is wrong, the directory is no repository of
 *   this shape, or the app is there; 3 where `sops` is needed and missing
 */
export async function planNewApp(
  system: System,
  request: AppRequest,
  { directory, dryRun }: { readonly directory: string; readonly dryRun: boolean },
): Promise<NewAppPlan> {
  const files = await repositoryFiles(directory);
  const clusters = clustersOf(files);
  if (clusters.length === 0) {
    throw missingError(`There is no clusters/NAME in ${directory}`, {
      hint: "Name the repository with --dir DIR, or make one: k3s-tool gitops init DIR",
    });
  }
  const reserved = await fluxNamespaces(files);
  const result = appSpec(request, { reserved });
  if ("problems" in result) {
    const message = `The app ${request.name} cannot be created; nothing was written`;
    throw usageError(message, { problems: result.problems });
  }
  const { spec } = result;
  if (!await isFree(join(directory, "apps", spec.name))) throw existsError(directory, spec);
  await checkTarget(directory, `apps/${spec.name}/kustomization.yaml`);
  const encrypted = await configuredRecipients(files) !== undefined;
  if (spec.secretKeys.length > 0) {
    if (!encrypted) {
      throw usageError("The repository has no .sops.yaml that names an age key", {
        hint: `Make one first: k3s-tool gitops init ${directory} --keep`,
      });
    }
    if (!dryRun) await requireSops(system);
  }
  const [fluxNamespace = "flux-system"] = reserved;
  const place = { clusters, fluxNamespace, encrypted };
  return {
    directory,
    spec,
    place,
    files,
    warnings: [...doubts(spec), ...await unseen({ directory, spec, place })],
  };
}

/** Clusters that would not see the app, as nothing in them applies it, and what to add for that. */
async function unseen(
  { directory, spec, place }: Pick<NewAppPlan, "directory" | "spec" | "place">,
): Promise<readonly string[]> {
  const added = appFiles(spec, place);
  const trees = await fetchedTrees(await repositoryFiles(directory, { added }));
  const { units } = await deployUnits(trees);
  return place.clusters
    .filter((each) => !units.some(({ app, cluster }) => app === spec.name && cluster === each))
    .map((cluster) => {
      const overlay = `apps/${spec.name}/overlays/${cluster}`;
      const advice = lineToAdd(units.filter((unit) => unit.cluster === cluster), {
        cluster,
        app: spec.name,
        trees,
      });
      return `Nothing in clusters/${cluster} applies ${overlay}: Flux will not see it there. ${advice}`;
    });
}

/** Which line, in which file, has a cluster apply a new app. */
function lineToAdd(
  units: readonly DeployUnit[],
  { cluster, app, trees }: {
    readonly cluster: string;
    readonly app: string;
    readonly trees: ResourceTrees;
  },
): string {
  const own = `clusters/${cluster}`;
  const file = `${own}/apps.yaml`;
  // What applies apps/, or lists some of it by itself.
  const applying = units.find(({ directory, by }) =>
    by !== undefined && /^apps(?:\/|$)/.test(directory)
  );
  const by = applying?.by;
  if (applying !== undefined && by !== undefined) {
    const listing = trees.kustomizationOf(applying.directory);
    if (listing !== undefined) {
      const entry = relative(applying.directory, `apps/${app}/overlays/${cluster}`);
      return `Add to resources in ${listing}:  - ${entry}`;
    }
    if (applying.directory === "apps") {
      const at = (path: readonly string[]) => `${by.file}:${by.place(path).line}`;
      const { postBuild } = specOf(by);
      if (!isObject(postBuild)) {
        return `Add below spec in ${at(["spec"])}:  postBuild: {substitute: {cluster: ${cluster}}}`;
      }
      return isObject(postBuild.substitute)
        ? `Add below spec.postBuild.substitute in ${at(["spec", "postBuild", "substitute"])}:  ` +
          `cluster: ${cluster}`
        : `Add below spec.postBuild in ${at(["spec", "postBuild"])}:  ` +
          `substitute: {cluster: ${cluster}}`;
    }
  }
  if (!trees.files.has(file)) {
    return `k3s-tool gitops init --cluster ${cluster} --keep writes what is missing.`;
  }
  const listing = trees.kustomizationOf(own);
  return listing !== undefined && !trees.used.has(file)
    ? `Add to resources in ${listing}:  - apps.yaml`
    : `Add a Kustomization to ${own} with spec.path: ./apps/${app}/overlays/${cluster}`;
}

/**
 * The app's files, the secret encrypted and everything checked. Changes nothing.
 *
 * @param secrets the value of each of `spec.secretKeys`; undefined: none is known, and the secret
 *   is left out (a dry run)
 * @throws {UserError} exit code 2 where the repository would not be valid with them
 */
export async function newAppFiles(
  system: System,
  { directory, spec, place, files }: NewAppPlan,
  secrets: ReadonlyMap<string, string> | undefined,
): Promise<ReadonlyMap<string, string>> {
  const added = new Map(appFiles(spec, place));
  const path = `apps/${spec.name}/base/${SECRET_FILE}`;
  if (spec.secretKeys.length > 0 && secrets !== undefined) {
    const text = writeYaml(secret(spec, secrets));
    added.set(path, await encryptManifest(system, text, { root: directory, path }));
  }
  const before = await checkRepository(system, files, { kustomize: undefined });
  const known = new Set(before.problems.map(({ message }) => message));
  const after = await checkRepository(system, await repositoryFiles(directory, { added }), {
    kustomize: undefined,
  });
  const problems = after.problems.filter(({ message }) =>
    !known.has(message) && !(secrets === undefined && message.includes(SECRET_FILE)) &&
    // Nothing tells the app its cluster: a warning says which line does.
    !message.includes(`overlays/\${cluster} does not exist`)
  );
  if (problems.length > 0) {
    const message = `The repository would not be valid with ${spec.name}; nothing was written`;
    throw usageError(message, { problems });
  }
  return new Map([...added].sort(([a], [b]) => a < b ? -1 : 1));
}

/**
 * Writes the files: all of them appear at once, or none.
 *
 * @throws {UserError} exit code 2 where the app came up meanwhile, 1 where it cannot be written
 */
export async function writeNewApp(
  { directory, spec }: NewAppPlan,
  added: ReadonlyMap<string, string>,
): Promise<void> {
  const app = join(directory, "apps", spec.name);
  // As temporary files of the tool are called; a killed run's is taken away by the next one.
  const temporary = join(directory, "apps", `.${spec.name}.k3s-tool`);
  const remove = () => Deno.remove(temporary, { recursive: true }).catch(() => {});
  await remove();
  try {
    for (const [path, text] of added) {
      await writeAtomically(join(temporary, relative(app, join(directory, path))), text);
    }
    await Deno.rename(temporary, app);
  } catch (error) {
    await remove();
    if (!await isFree(app)) throw existsError(directory, spec);
    if (error instanceof UserError) throw nothingWritten(error);
    const message = `Cannot write ${app}: ${(error as Error).message}; nothing was written`;
    throw new UserError(message, { cause: error });
  }
}

/** True where nothing is, or an empty directory. */
async function isFree(path: string): Promise<boolean> {
  const found = await Deno.lstat(path).catch(() => undefined);
  return found === undefined || found.isDirectory && await isEmptyDirectory(path);
}

function existsError(directory: string, { name }: AppSpec): UserError {
  return usageError(`${join(directory, "apps", name)} already exists; nothing was written`, {
    hint: "Change its files, or choose another name.",
  });
}

/** What works, but may not be meant. */
function doubts({ image, volume, replicas }: AppSpec): readonly string[] {
  const floating = image.digest === undefined &&
    (image.tag === undefined || image.tag === "latest");
  return [
    ...(floating
      ? [
        "The image has no fixed tag: each pod runs whatever is latest when it starts. " +
        "Set newTag in the overlay.",
      ]
      : []),
    ...(volume !== undefined && replicas > 1
      ? [`All ${replicas} pods share one volume on one node; most apps need a single pod then.`]
      : []),
  ];
}

/** Where the repository's own Kustomizations for apps live. */
async function fluxNamespaces(files: RepositoryFiles): Promise<readonly string[]> {
  const found = await Promise.all(
    clustersOf(files).map(async (cluster) => {
      const path = `clusters/${cluster}/apps.yaml`;
      const { manifests } = readManifests(path, await files.read(path) ?? "");
      return textOf(valueAt(manifests[0]?.value, ["metadata", "namespace"])) ?? [];
    }),
  );
  return [...new Set(found.flat())];
}
