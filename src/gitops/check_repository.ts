/**
 * Checks a repository, offline: every file Flux would apply, every overlay built, every object
 * against its schema, and what must hold between them.
 *
 * @module
 */

import type { Problem } from "../errors/user_error.ts";
import type { System } from "../process/system.ts";
import {
  type Builds,
  buildUnits,
  builtProblems,
  checkBuilds,
  mendedByOverlays,
} from "./check_builds.ts";
import {
  appOf,
  appsOf,
  clustersOf,
  type DeployUnit,
  deployUnits,
  relevant,
} from "./deploy_units.ts";
import type { Kustomize } from "./kustomize_build.ts";
import type { Manifest } from "./manifest.ts";
import type { Finding } from "./finding.ts";
import { checkObject } from "./object_schema.ts";
import type { RepositoryFiles } from "./repository_files.ts";
import { ruleProblems } from "./repository_rules.ts";
import { ResourceTrees } from "./resource_tree.ts";
import { secretProblems } from "./secret_rules.ts";
import { withoutEncryption } from "./sops.ts";

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
  const units = await deployUnits(files, trees);
  const sources = await checkSources(units);
  ruleProblems(units, { files, trees }).forEach((problem) => trees.report(problem));
  const secrets = await secretProblems(files);
  secrets.problems.forEach((problem) => trees.report(problem));
  const builds: Builds = kustomize === undefined
    ? new Map()
    : await buildUnits(system, units, { kustomize, root: files.root, trees });
  const objects = await checkBuilds(builds);
  for (const { manifest, path, message } of sources.findings) {
    if (mendedByOverlays({ manifest, message }, { units, builds, objects })) continue;
    trees.report({ message, where: manifest.place(path) });
  }
  for (const [unit, build] of builds) {
    if ("objects" in build) continue;
    const file = trees.kustomizationOf(unit.directory) ?? unit.directory;
    // A file that is wrong by itself fails the build for a reason that is known already.
    if (!trees.problems.some(({ where }) => unit.tree.files.has(where?.file ?? ""))) {
      trees.report({ message: `cannot be built: ${build.failure}`, where: { file } });
    }
  }
  for (const object of objects) {
    for (const problem of await builtProblems(object, trees)) trees.report(problem);
  }
  return {
    clusters: clustersOf(files),
    apps: appsOf(files),
    objects: sources.objects,
    built: [...builds].filter(([, build]) => "objects" in build).map(([unit]) => unit.directory),
    problems: sorted(trees.problems),
    warnings: sorted([
      ...secrets.warnings,
      ...remoteWarnings(units),
      ...unused(files, trees),
      ...unapplied(files, units),
    ]),
    unknownKinds: sources.unknownKinds,
  };
}

async function checkSources(units: readonly DeployUnit[]) {
  const findings: (Finding & { readonly manifest: Manifest })[] = [];
  const unknownKinds = new Set<string>();
  const seen = new Set<Manifest>();
  for (const unit of units) {
    for (const { manifest } of unit.tree.objects) {
      if (seen.has(manifest)) continue;
      seen.add(manifest);
      const value = withoutEncryption(manifest.value);
      const found = await checkObject(value);
      if (found === undefined) unknownKinds.add(`${value.apiVersion} ${value.kind}`);
      for (const finding of relevant(found ?? [], { value, unit })) {
        findings.push({ ...finding, manifest });
      }
    }
  }
  return { findings, objects: seen.size, unknownKinds: [...unknownKinds].sort() };
}

function remoteWarnings(units: readonly DeployUnit[]): Problem[] {
  return units.flatMap(({ tree }) =>
    tree.remote.map(({ target, where }) => ({
      message:
        `${target} is not in this repository: neither it nor what it is built into was checked`,
      where,
    }))
  );
}

/** Manifests in the folders Flux applies which no kustomization lists. */
function unused(files: RepositoryFiles, trees: ResourceTrees): Problem[] {
  if (trees.incomplete) return []; // what could not be read may list them
  return files.paths
    .filter((path) => /^(?:apps|clusters|infrastructure)\/.*\.ya?ml$/.test(path))
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
