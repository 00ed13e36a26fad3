/**
 * Checks a repository, offline: every file Flux would apply, every overlay built, every object
 * against its schema, and what must hold between them.
 *
 * @module
 */

import { posix } from "node:path";
import type { Place, Problem } from "../../errors/user_error.ts";
import { ifInstalled } from "../../process/runner.ts";
import type { System } from "../../process/system.ts";
import { appOf, appsOf, type DeployUnit, deployUnits, relevant } from "./deploy_units.ts";
import { type Finding, listOf } from "./manifest.ts";
import { checkObject } from "./object_schema.ts";
import { withoutEncryption } from "../keys/sops.ts";
import { fetchedTrees } from "./flux_entry.ts";
import { buildKustomization, type Kustomize } from "./kustomize_build.ts";
import type { RepositoryFiles } from "../repository/repository_files.ts";
import { ruleProblems, type StorageOfCluster } from "./repository_rules.ts";
import type { AppliedObject, ResourceTrees } from "./resource_tree.ts";
import { secretProblems } from "./secret_rules.ts";

/** What was looked at, and what is wrong. */
export interface RepositoryCheck {
  readonly clusters: readonly string[];
  readonly apps: readonly string[];
  /** Objects that were checked against a schema. */
  readonly objects: number;
  /** False where overlays could not be built. */
  readonly kustomize: boolean;
  /** Directories that were built. */
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
  { kustomize, storage }: {
    readonly kustomize: Kustomize | undefined;
    /** Undefined where no inventory says which storage classes there are. */
    readonly storage?: StorageOfCluster | undefined;
  },
): Promise<RepositoryCheck> {
  const trees = await fetchedTrees(files);
  const deployment = await deployUnits(
    trees,
    kustomize && ((each) => buildKustomization(system, kustomize, files.root, each)),
  );
  const { units } = deployment;
  const secrets = await secretProblems(files, trees);
  const checked = await checkObjects(units, trees);
  const built = units.filter(({ build }) => build !== undefined && "objects" in build);
  const failed = units.flatMap(({ build, ...unit }) =>
    build !== undefined && "failure" in build ? [{ ...build, ...unit }] : []
  );
  // What kustomize has built is right, whatever it looks like here.
  const right = new Set(built.flatMap(({ tree }) => [...tree.files]));
  const unreadable = trees.problems
    .filter(({ problem, certain }) => certain || !right.has(problem.where?.file ?? ""))
    .map(({ problem }) => problem);
  // A file that is wrong by itself fails the build for a reason that is known already.
  const known = [
    ...unreadable,
    ...checked.problems.filter(({ message }) => NO_OBJECT.test(message)),
  ]
    .map(({ where }) => where?.file ?? "");
  const rules = ruleProblems(deployment, trees, storage);
  return {
    clusters: [...new Set(units.flatMap(({ cluster }) => cluster ?? []))],
    apps: appsOf(trees.files),
    objects: checked.objects,
    kustomize: kustomize !== undefined,
    built: [...new Set(built.map(({ directory }) => directory))],
    problems: sorted([
      ...unreadable,
      ...failed.filter(({ timedOut, tree }) =>
        !timedOut && !known.some((file) => tree.files.has(file))
      ).map(({ failure, directory }) => ({
        message: `cannot be built: ${failure}`,
        where: { file: trees.kustomizationOf(directory) ?? directory },
      })),
      ...secrets.problems,
      ...checked.problems,
      ...rules.problems,
    ]),
    warnings: sorted([
      ...checked.warnings,
      ...secrets.warnings,
      ...rules.warnings,
      ...deployment.notChecked,
      ...units.flatMap(({ tree }) => tree.remote).map(({ target, where }) => ({
        message: `${target} is not in this repository, and nothing is fetched: ` +
          "it was not checked, and neither were the builds that use it",
        where,
      })),
      ...failed.filter(({ timedOut }) => timedOut).map(({ failure, directory }) => ({
        message: `not checked: ${failure}`,
        where: { file: directory },
      })),
      ...await unused(trees, await committedFiles(system, files)),
      ...(deployment.followsTemplate ? unapplied(trees.files, units) : []),
    ]),
    unknownKinds: checked.unknownKinds,
  };
}

/** What kustomize takes for no object, and so does the check of each object. */
const NO_OBJECT = /^(?:apiVersion|kind|metadata\.name) (?:is missing|must be .*, is ""$)/;

/**
 * Files that nobody lists though they look as if they were meant: beside a kustomization, objects
 * below one, and whatever was applied before a kustomization came that leaves it out.
 */
async function unused(
  trees: ResourceTrees,
  committed: ReadonlySet<string> | undefined,
): Promise<readonly Problem[]> {
  const { files } = trees;
  const found: Problem[] = [];
  for (const file of files.paths) {
    if (trees.used.has(file) || !files.inScope(file) || !/\.ya?ml$/.test(file)) continue;
    const folder = posix.dirname(file);
    const isKustomization = trees.kustomizationOf(folder) === file;
    const above = listingAbove(isKustomization ? posix.dirname(folder) : folder, trees);
    if (above === undefined || !trees.kustomizations.has(above)) continue;
    const where = { file };
    if (committed !== undefined && committed.has(file) && !committed.has(above)) {
      const message = `${above} is new and does not list this: ` +
        "if prune is true, Flux deletes the objects created from it";
      found.push({ message, where });
    } else if (!isKustomization) {
      const text = await files.read(file) ?? "";
      const isObject = /^apiVersion:/m.test(text) && /^kind:/m.test(text);
      if (!isObject && posix.dirname(above) !== folder) continue;
      found.push({ message: "no kustomization lists this file: it is not applied", where });
    }
  }
  return found;
}

/** The nearest kustomization in a folder or above it. */
function listingAbove(folder: string, trees: ResourceTrees): string | undefined {
  for (let at = folder;; at = posix.dirname(at)) {
    const file = trees.kustomizationOf(at);
    if (file !== undefined || at === ".") return file;
  }
}

/** Files of the last commit; undefined outside of Git, and where git is not installed. */
async function committedFiles(
  { runner, signal }: System,
  { root }: RepositoryFiles,
): Promise<ReadonlySet<string> | undefined> {
  if (!await Deno.stat(`${root}/.git`).then(() => true, () => false)) return undefined;
  const argv = ["git", "-C", root, "ls-tree", "-r", "-z", "--name-only", "HEAD"];
  const listed = await ifInstalled(runner.run(argv, { signal }));
  return listed?.code === 0 ? new Set(listed.stdout.split("\0")) : undefined;
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

const OLDER_FLUX = /is no longer served by Flux/;

/** Checks every object as it is applied. */
async function checkObjects(
  units: readonly DeployUnit[],
  trees: ResourceTrees,
) {
  const problems: Problem[] = [];
  // What Flux takes, an older one at least, though not as it is meant.
  const warnings: Problem[] = [];
  const unknownKinds = new Set<string>();
  const seen = new Set<unknown>();
  for (const unit of units) {
    for (const object of unit.objects) {
      const value = withoutEncryption(object.manifest.value);
      seen.add(object.source ?? `${unit.directory} ${value.kind} ${object.name}`);
      const found = await checkObject(value);
      if (found === undefined) unknownKinds.add(`${value.apiVersion} ${value.kind}`);
      const findings = relevant(found ?? [], { value, unit });
      if (findings.length === 0 || !object.certain) continue;
      for (const { path, message } of findings) {
        const told = isLabel(path) ? `${message}: Flux drops all labels of the object` : message;
        const problem = await placed({ path, message: told }, { object, unit, trees });
        (isLabel(path) || OLDER_FLUX.test(message) ? warnings : problems).push(problem);
      }
    }
  }
  return { problems, warnings, objects: seen.size, unknownKinds: [...unknownKinds].sort() };
}

/**
 * True for a label that is no text: Flux reads none of them then, and goes on with its own.
 *
 * Source: fluxcd/pkg `ssa/manager.go` (`SetOwnerLabels`), apimachinery `NestedStringMap`.
 */
function isLabel([first, second, label]: Finding["path"]): boolean {
  return first === "metadata" && second === "labels" && label !== undefined;
}

/** What is wrong in the file is told there; the rest where a patch or an overlay made it so. */
async function placed(
  { message, path }: Finding,
  { object: { manifest, source, name, changedIn: file }, unit, trees }: {
    readonly object: AppliedObject;
    readonly unit: DeployUnit;
    readonly trees: ResourceTrees;
  },
): Promise<Problem> {
  const own = source === undefined ? [] : await checkObject(withoutEncryption(source.value)) ?? [];
  if (source !== undefined && own.some((each) => message.startsWith(each.message))) {
    return { message, where: source.place(path) };
  }
  return {
    message: `${manifest.value.kind} ${name} as built: ${message}`,
    where: await placeOfField(path, { file, unit, trees }),
  };
}

/** The line of a kustomization, or of what Flux adds to it, that speaks of a field; else the file. */
async function placeOfField(
  path: Finding["path"],
  { file, unit, trees }: {
    readonly file: string;
    readonly unit: DeployUnit;
    readonly trees: ResourceTrees;
  },
): Promise<Place> {
  const { kustomization } = unit.tree;
  const isFile = trees.files.has(file);
  const manifest = file === kustomization?.file
    ? kustomization
    : isFile
    ? (await trees.manifestsOf(file)).manifests[0]
    : undefined;
  const member = String(path.findLast((part) => typeof part === "string") ?? "");
  const index = listOf(manifest?.value.patches)
    .findIndex((patch) => JSON.stringify(patch).includes(member));
  if (manifest !== undefined && index !== -1) return manifest.place(["patches", index]);
  return isFile || manifest === undefined ? { file } : manifest.place([]);
}
