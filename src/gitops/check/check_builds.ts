/**
 * What is wrong with what is applied, and where somebody would correct it.
 *
 * @module
 */

import type { Place, Problem } from "../../errors/user_error.ts";
import { type AppliedObject, type DeployUnit, relevant } from "./deploy_units.ts";
import type { Finding } from "./field_path.ts";
import { checkObject } from "./object_schema.ts";
import type { ResourceTrees } from "./resource_tree.ts";
import { withoutEncryption } from "../keys/sops.ts";

const OLDER_FLUX = /is no longer served by Flux/;

/** What was found in the objects of all units. */
export interface CheckedObjects {
  readonly problems: readonly Problem[];
  /** What an older Flux takes, but not the one that is installed here. */
  readonly warnings: readonly Problem[];
  /** Files' objects and generated ones, each counted once. */
  readonly objects: number;
  /** Kinds without a schema, as `apiVersion kind`. */
  readonly unknownKinds: readonly string[];
}

/** Checks every object as it is applied. */
export async function checkObjects(
  units: readonly DeployUnit[],
  trees: ResourceTrees,
): Promise<CheckedObjects> {
  const problems: Problem[] = [];
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
      for (const problem of await placed(findings, { object, unit, trees })) {
        (OLDER_FLUX.test(problem.message) ? warnings : problems).push(problem);
      }
    }
  }
  return { problems, warnings, objects: seen.size, unknownKinds: [...unknownKinds].sort() };
}

/** What is wrong in the file is told there; the rest where a patch or an overlay made it so. */
async function placed(
  findings: readonly Finding[],
  { object: { manifest, source, name, changedIn: file }, unit, trees }: {
    readonly object: AppliedObject;
    readonly unit: DeployUnit;
    readonly trees: ResourceTrees;
  },
): Promise<readonly Problem[]> {
  const own = source === undefined ? [] : await checkObject(withoutEncryption(source.value)) ?? [];
  return await Promise.all(findings.map(async ({ message, path }) => {
    if (source !== undefined && own.some((each) => each.message === message)) {
      return { message, where: source.place(path) };
    }
    return {
      message: `${manifest.value.kind} ${name} as built: ${message}`,
      where: await placeOfField(path, { file, unit, trees }),
    };
  }));
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
  const manifest = file === kustomization?.file
    ? kustomization
    : trees.has(file)
    ? (await trees.manifestsOf(file)).manifests[0]
    : undefined;
  const patches = manifest?.value.patches;
  if (manifest === undefined) return { file };
  const member = String(path.findLast((part) => typeof part === "string") ?? "");
  const index = Array.isArray(patches)
    ? patches.findIndex((patch: unknown) => JSON.stringify(patch).includes(member))
    : -1;
  return index !== -1
    ? manifest.place(["patches", index])
    : trees.has(file)
    ? { file }
    : manifest.place([]);
}
