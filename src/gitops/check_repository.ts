/**
 * Checks a repository, offline: every file Flux would apply, every overlay built, every object
 * against its schema, and what must hold between them.
 *
 * @module
 */

import type { Problem } from "../errors/user_error.ts";
import type { System } from "../process/system.ts";
import { appsOf, clustersOf, type DeployUnit, deployUnits, substitutes } from "./deploy_units.ts";
import { valueAt } from "./field_path.ts";
import { buildDirectory, type BuiltObject, type Kustomize } from "./kustomize_build.ts";
import { type Manifest, metadataOf } from "./manifest.ts";
import { checkObject, type Finding } from "./object_schema.ts";
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
  sources.problems.forEach((problem) => trees.report(problem));
  ruleProblems(units, { files, trees }).forEach((problem) => trees.report(problem));
  const secrets = await secretProblems(files);
  secrets.problems.forEach((problem) => trees.report(problem));
  const built: string[] = [];
  for (const unit of kustomize === undefined ? [] : buildable(units, trees)) {
    const options = { root: files.root, directory: unit.directory };
    const build = await buildDirectory(system, kustomize!, options);
    if ("failure" in build) {
      const file = trees.kustomizationOf(unit.directory) ?? unit.directory;
      // A file that is wrong by itself fails the build for a reason that is known already.
      if (!trees.problems.some(({ where }) => unit.tree.files.has(where?.file ?? ""))) {
        trees.report({ message: `cannot be built: ${build.failure}`, where: { file } });
      }
      continue;
    }
    built.push(unit.directory);
    for (const problem of await builtProblems(build.objects, { unit, trees })) {
      trees.report(problem);
    }
  }
  return {
    clusters: clustersOf(files),
    apps: appsOf(files),
    objects: sources.objects,
    built,
    problems: sorted(trees.problems),
    warnings: sorted([...secrets.warnings, ...remoteWarnings(units), ...unused(files, trees)]),
    unknownKinds: sources.unknownKinds,
  };
}

async function checkSources(units: readonly DeployUnit[]) {
  const problems: Problem[] = [];
  const unknownKinds = new Set<string>();
  const seen = new Set<Manifest>();
  for (const unit of units) {
    for (const { manifest } of unit.tree.objects) {
      if (seen.has(manifest)) continue;
      seen.add(manifest);
      const value = withoutEncryption(manifest.value);
      const findings = await checkObject(value);
      if (findings === undefined) unknownKinds.add(`${value.apiVersion} ${value.kind}`);
      for (const { path, message } of relevant(findings ?? [], { value, unit })) {
        problems.push({ message, where: manifest.place(path) });
      }
    }
  }
  return { problems, objects: seen.size, unknownKinds: [...unknownKinds].sort() };
}

/** Findings of a built object that its source does not have: a patch or an overlay made them. */
async function builtProblems(
  objects: readonly BuiltObject[],
  { unit, trees }: {
    readonly unit: DeployUnit;
    readonly trees: ResourceTrees;
  },
): Promise<readonly Problem[]> {
  const problems: Problem[] = [];
  for (const { value: found, origin, patchedIn } of objects) {
    const value = withoutEncryption(found);
    const findings = relevant(await checkObject(value) ?? [], { value, unit });
    if (findings.length === 0) continue;
    const source = sourceOf(unit, { value, origin });
    const own = source === undefined
      ? []
      : await checkObject(withoutEncryption(source.value)) ?? [];
    for (const { message, path } of findings) {
      if (own.some((each) => each.message === message)) continue;
      const file = patchedIn.at(-1) ?? trees.kustomizationOf(unit.directory) ?? unit.directory;
      const name = `${value.kind} ${metadataOf(value).name}`;
      problems.push({
        message: `${name} as built: ${message}`,
        where: await placeOfField(trees, { file, path }),
      });
    }
  }
  return problems;
}

function sourceOf(
  unit: DeployUnit,
  { value, origin }: Pick<BuiltObject, "value" | "origin">,
): Manifest | undefined {
  const name = String(metadataOf(value).name);
  return unit.tree.objects.find(({ manifest, namePrefix, nameSuffix }) =>
    manifest.file === origin && manifest.value.kind === value.kind &&
    `${namePrefix}${metadataOf(manifest.value).name}${nameSuffix}` === name
  )?.manifest;
}

/** The line of a kustomization that speaks of a field last; else just the file. */
async function placeOfField(
  trees: ResourceTrees,
  { file, path }: { readonly file: string; readonly path: Finding["path"] },
) {
  const [manifest] = (await trees.manifestsOf(file)).manifests;
  const patches = manifest?.value.patches;
  if (manifest === undefined || !Array.isArray(patches)) return { file };
  const member = String(path.findLast((part) => typeof part === "string") ?? "");
  const index = patches.findIndex((patch: unknown) => JSON.stringify(patch).includes(member));
  return index === -1 ? { file } : manifest.place(["patches", index]);
}

/** Where Flux puts a value in the place of `${…}` its type is not known yet. */
function relevant(
  findings: readonly Finding[],
  { value, unit }: { readonly value: object; readonly unit: DeployUnit },
): readonly Finding[] {
  if (!substitutes(unit)) return findings;
  return findings.filter(({ path }) => !/\$\{\w/.test(String(valueAt(value, path))));
}

function buildable(units: readonly DeployUnit[], trees: ResourceTrees): readonly DeployUnit[] {
  const seen = new Set<string>();
  return units.filter(({ directory, tree }) => {
    if (seen.has(directory) || trees.kustomizationOf(directory) === undefined) return false;
    seen.add(directory);
    return tree.remote.length === 0; // it would be fetched
  });
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
  return files.paths
    .filter((path) => /^(?:apps|clusters|infrastructure)\/.*\.ya?ml$/.test(path))
    .filter((path) => !trees.used.has(path))
    .map((file) => ({
      message: "no kustomization lists this file: it is not applied",
      where: { file },
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
