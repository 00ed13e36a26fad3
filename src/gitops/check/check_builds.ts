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
      for (const problem of await placed(findings, { object, trees })) {
        (OLDER_FLUX.test(problem.message) ? warnings : problems).push(problem);
      }
    }
  }
  return { problems, warnings, objects: seen.size, unknownKinds: [...unknownKinds].sort() };
}

/** What is wrong in the file is told there; the rest where a patch or an overlay made it so. */
async function placed(
  findings: readonly Finding[],
  { object: { manifest, source, name, changedIn: file }, trees }: {
    readonly object: AppliedObject;
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
      where: await placeOfField(trees, { file, path }),
    };
  }));
}

/** The line of a kustomization that speaks of a field last; else just the file. */
async function placeOfField(
  trees: ResourceTrees,
  { file, path }: { readonly file: string; readonly path: Finding["path"] },
): Promise<Place> {
  if (!trees.has(file)) return { file };
  const [manifest] = (await trees.manifestsOf(file)).manifests;
  const patches = manifest?.value.patches;
  if (manifest === undefined || !Array.isArray(patches)) return { file };
  const member = String(path.findLast((part) => typeof part === "string") ?? "");
  const index = patches.findIndex((patch: unknown) => JSON.stringify(patch).includes(member));
  return index === -1 ? { file } : manifest.place(["patches", index]);
}
