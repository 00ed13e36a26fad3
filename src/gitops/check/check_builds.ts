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
  /** What Flux takes, an older one at least, though not as it is meant. */
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
      for (const finding of findings) {
        const isAccepted = OLDER_FLUX.test(finding.message) || isLabel(finding);
        const told = isLabel(finding)
          ? { ...finding, message: `${finding.message}: Flux drops all labels of the object` }
          : finding;
        const problem = await placed(told, { object, unit, trees });
        (isAccepted ? warnings : problems).push(problem);
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
function isLabel({ path: [first, second, label] }: Finding): boolean {
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
