/**
 * Checks a repository, offline: every file Flux would apply, every overlay built, every object
 * against its schema, and what must hold between them.
 *
 * @module
 */

import { posix } from "node:path";
import type { Problem } from "../errors/user_error.ts";
import type { System } from "../process/system.ts";
import { checkObjects } from "./check_builds.ts";
import { appOf, appsOf, type Builder, type DeployUnit, deployUnits } from "./deploy_units.ts";
import { buildResources, type Kustomize } from "./kustomize_build.ts";
import type { RepositoryFiles } from "./repository_files.ts";
import { ruleProblems } from "./repository_rules.ts";
import { ResourceTrees } from "./resource_tree.ts";
import { secretProblems } from "./secret_rules.ts";

/** What was looked at, and what is wrong. */
export interface RepositoryCheck {
  readonly clusters: readonly string[];
  readonly apps: readonly string[];
  /** Objects that were checked against a schema. */
  readonly objects: number;
  /** Directories that were built; empty where there is no kustomize. */
  readonly built: readonly string[];
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
  /** Kinds without a schema, as `apiVersion kind`: their objects were not looked into. */
  readonly unknownKinds: readonly string[];
}

/**
 * Checks a repository.
 *
 * @param options.kustomize what builds; without it only the sources are checked
 */
export async function checkRepository(
  system: System,
  files: RepositoryFiles,
  { kustomize }: { readonly kustomize: Kustomize | undefined },
): Promise<RepositoryCheck> {
  const trees = new ResourceTrees(files);
  const build: Builder | undefined = kustomize === undefined
    ? undefined
    : async (request, tree) =>
      tree.remote.length > 0 || !tree.safe || tree.entries.length === 0
        ? undefined
        : await buildResources(system, kustomize, { ...request, root: files.root });
  const deployment = await deployUnits(files, trees, build === undefined ? {} : { build });
  const { units } = deployment;
  const clusters = [...new Set(units.flatMap(({ cluster }) => cluster ?? []))];
  const secrets = await secretProblems(files, trees);
  const checked = await checkObjects(units, trees);
  const read = readProblems(units, trees);
  const rules = ruleProblems(deployment, { files, trees });
  return {
    clusters,
    apps: appsOf(files),
    objects: checked.objects,
    built: [
      ...new Set(
        units.filter(({ build }) => build !== undefined && "objects" in build)
          .map(({ directory }) => directory),
      ),
    ],
    problems: sorted([...read, ...secrets.problems, ...checked.problems, ...rules.problems]),
    warnings: sorted([
      ...checked.warnings,
      ...secrets.warnings,
      ...rules.warnings,
      ...deployment.notChecked,
      ...remoteWarnings(units),
      ...tooSlow(units),
      ...unused(files, trees),
      ...(deployment.followsTemplate ? unapplied(files, units) : []),
    ]),
    unknownKinds: checked.unknownKinds,
  };
}

/** What cannot be read or built; what kustomize has built is right, whatever it looks like here. */
function readProblems(
  units: readonly DeployUnit[],
  trees: ResourceTrees,
): readonly Problem[] {
  const built = new Set(
    units.filter(({ build }) => build !== undefined && "objects" in build)
      .flatMap(({ tree }) => [...tree.files]),
  );
  const read = trees.problems.filter(({ where, message }) =>
    !built.has(where?.file ?? "") || message.startsWith("spec.path")
  );
  const failed = units.flatMap(({ build, directory, tree }): Problem[] => {
    if (build === undefined || "objects" in build || build.timedOut) return [];
    // A file that is wrong by itself fails the build for a reason that is known already.
    if (read.some(({ where }) => tree.files.has(where?.file ?? ""))) return [];
    const file = trees.kustomizationOf(directory) ?? directory;
    return [{ message: `cannot be built: ${build.failure}`, where: { file } }];
  });
  return [...read, ...failed];
}

function tooSlow(units: readonly DeployUnit[]): Problem[] {
  return units.flatMap(({ build, directory }) =>
    build !== undefined && "failure" in build && build.timedOut
      ? [{ message: `not checked: ${build.failure}`, where: { file: directory } }]
      : []
  );
}

function remoteWarnings(units: readonly DeployUnit[]): Problem[] {
  return units.flatMap(({ tree }) =>
    tree.remote.map(({ target, where }) => ({
      message: `${target} is not in this repository, and nothing is fetched: ` +
        "neither it nor what it is built into was checked",
      where,
    }))
  );
}

/** Files beside a kustomization, or below it, that nobody lists though they look as if meant. */
function unused(files: RepositoryFiles, trees: ResourceTrees): Problem[] {
  const folders = new Set([...trees.kustomizations].map((file) => posix.dirname(file)));
  return files.paths
    .filter((path) => folders.has(posix.dirname(path)) && /\.ya?ml$/.test(path))
    .filter((path) => !trees.used.has(path))
    .map((file) => ({
      message: "no kustomization lists this file: it is not applied",
      where: { file },
    }));
}

/** Apps of which no cluster applies anything. */
function unapplied(files: RepositoryFiles, units: readonly DeployUnit[]): Problem[] {
  const applied = units.filter(({ cluster }) => cluster !== undefined);
  return appsOf(files)
    .filter((app) =>
      !applied.some(({ tree }) => [...tree.files].some((file) => appOf(file) === app))
    )
    .map((app) => ({
      message:
        "no cluster applies this app: clusters/NAME/apps.yaml would, as gitops init writes it",
      where: { file: `apps/${app}` },
    }));
}

function sorted(problems: readonly Problem[]): readonly Problem[] {
  const unique = new Map(problems.map((problem) => [JSON.stringify(problem), problem]));
  const key = ({ where }: Problem) => [where?.file ?? "", where?.line ?? 0] as const;
  return [...unique.values()].sort((a, b) => {
    const [[fileA, lineA], [fileB, lineB]] = [key(a), key(b)];
    return fileA === fileB ? lineA - lineB : fileA < fileB ? -1 : 1;
  });
}
