/**
 * What the directories of a repository are built into, and what is wrong with that.
 *
 * @module
 */

import type { Place, Problem } from "../errors/user_error.ts";
import type { System } from "../process/system.ts";
import { type DeployUnit, relevant } from "./deploy_units.ts";
import { type Build, buildDirectory, type BuiltObject, type Kustomize } from "./kustomize_build.ts";
import { type Manifest, metadataOf } from "./manifest.ts";
import type { Finding } from "./finding.ts";
import { checkObject } from "./object_schema.ts";
import type { ResourceTrees } from "./resource_tree.ts";
import { withoutEncryption } from "./sops.ts";

/** What was built, by the unit; a directory of several units is built once. */
export type Builds = ReadonlyMap<DeployUnit, Build>;

/** Builds every directory that has a kustomization and names nothing remote. */
export async function buildUnits(
  system: System,
  units: readonly DeployUnit[],
  { kustomize, root, trees }: {
    readonly kustomize: Kustomize;
    /** Absolute path of the repository. */
    readonly root: string;
    readonly trees: ResourceTrees;
  },
): Promise<Builds> {
  const builds = new Map<DeployUnit, Build>();
  for (const unit of buildable(units, trees)) {
    const { directory } = unit;
    builds.set(unit, await buildDirectory(system, kustomize, { root, directory }));
  }
  return builds;
}

function buildable(units: readonly DeployUnit[], trees: ResourceTrees): readonly DeployUnit[] {
  const seen = new Set<string>();
  return units.filter(({ directory, tree }) => {
    if (seen.has(directory) || trees.kustomizationOf(directory) === undefined) return false;
    seen.add(directory);
    return tree.remote.length === 0; // it would be fetched
  });
}

/** A built object with what is wrong with it. */
export interface CheckedObject {
  readonly object: BuiltObject;
  readonly unit: DeployUnit;
  /** What it was read from; undefined for what a generator made. */
  readonly source: Manifest | undefined;
  readonly findings: readonly Finding[];
}

/** Checks every built object. */
export async function checkBuilds(
  builds: Builds,
): Promise<readonly CheckedObject[]> {
  const checked: CheckedObject[] = [];
  for (const [unit, build] of builds) {
    for (const object of "objects" in build ? build.objects : []) {
      const value = withoutEncryption(object.value);
      const findings = relevant(await checkObject(value) ?? [], { value, unit });
      checked.push({ object, unit, source: sourceOf(unit, object), findings });
    }
  }
  return checked;
}

/** True where each build of an object is without what is wrong with its source. */
export function mendedByOverlays(
  { manifest, message }: { readonly manifest: Manifest; readonly message: string },
  { units, builds, objects }: {
    readonly units: readonly DeployUnit[];
    readonly builds: Builds;
    readonly objects: readonly CheckedObject[];
  },
): boolean {
  const built = [...builds].filter(([, build]) => "objects" in build).map(([unit]) => unit);
  const using = units.filter(({ tree }) =>
    tree.objects.some((object) => object.manifest === manifest)
  );
  if (!using.every(({ directory }) => built.some((unit) => unit.directory === directory))) {
    return false;
  }
  const from = objects.filter(({ source }) => source === manifest);
  return from.length > 0 &&
    !from.some(({ findings }) => findings.some((each) => each.message === message));
}

/** Findings of a built object that its source does not have: a patch or an overlay made them. */
export async function builtProblems(
  { object: { value, patchedIn }, unit, source, findings }: CheckedObject,
  trees: ResourceTrees,
): Promise<readonly Problem[]> {
  if (findings.length === 0) return [];
  const own = source === undefined ? [] : await checkObject(withoutEncryption(source.value)) ?? [];
  const file = patchedIn.at(-1) ?? trees.kustomizationOf(unit.directory) ?? unit.directory;
  const name = `${value.kind} ${metadataOf(value).name}`;
  return await Promise.all(
    findings.filter(({ message }) => !own.some((each) => each.message === message))
      .map(async ({ message, path }) => ({
        message: `${name} as built: ${message}`,
        where: await placeOfField(trees, { file, path }),
      })),
  );
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
): Promise<Place> {
  const [manifest] = (await trees.manifestsOf(file)).manifests;
  const patches = manifest?.value.patches;
  if (manifest === undefined || !Array.isArray(patches)) return { file };
  const member = String(path.findLast((part) => typeof part === "string") ?? "");
  const index = patches.findIndex((patch: unknown) => JSON.stringify(patch).includes(member));
  return index === -1 ? { file } : manifest.place(["patches", index]);
}
