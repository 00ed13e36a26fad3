/**
 * A `kustomization.yaml`: what kustomize may be told, and which files it names.
 *
 * Source: sigs.k8s.io/kustomize/api/types/kustomization.go (v5.8).
 *
 * @module
 */

import * as z from "zod/mini";
import type { Problem } from "../../errors/user_error.ts";
import {
  type FieldPath,
  formatFieldPath,
  isObject,
  listOf,
  type Manifest,
  textsAt,
  valueAt,
} from "./manifest.ts";

/** The names kustomize looks for in a directory, in this order. */
export const KUSTOMIZATION_NAMES = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

const text = z.string("a string");
const free = z.array(z.unknown(), "a list");
const map = z.record(z.string(), z.unknown(), "a map");

/** The same form for several fields, none of which must be there. */
function each<S extends z.core.$ZodType>(schema: S, fields: string) {
  return Object.fromEntries(fields.split(" ").map((field) => [field, z.optional(schema)]));
}

const texts = z.array(text, "a list of strings");
const target = "group version kind name namespace labelSelector annotationSelector";
const Target = z.strictObject(each(text, target), "a map");
const Patch = z.strictObject(
  { ...each(text, "path patch"), ...each(Target, "target"), ...each(map, "options") },
  "a map with path or patch",
);
const generator = {
  ...each(text, "name namespace env"),
  ...each(texts, "literals files envs"),
  ...each(map, "options"),
  ...each(z.enum(["create", "replace", "merge"], "create, replace or merge"), "behavior"),
};
const Image = z.strictObject({
  name: text,
  ...each(text, "newName tagSuffix digest"),
  ...each(z.string("a string (put the tag in quotes)"), "newTag"),
}, "a map with name");
const Replica = z.strictObject(
  { name: text, count: z.int("a whole number") },
  "a map with name and count",
);
const Named = z.looseObject(each(text, "path"), "a map with path");

/** All of a kustomization's fields; those without files are looked at only as far as their form. */
const Kustomization = z.strictObject({
  ...each(
    text.check(z.regex(/^kustomize\.config\.k8s\.io\//, "kustomize.config.k8s.io/v1beta1")),
    "apiVersion",
  ),
  ...each(z.enum(["Kustomization", "Component"], "Kustomization or Component"), "kind"),
  ...each(text, "namespace namePrefix nameSuffix"),
  ...each(texts, "resources bases components crds configurations generators transformers"),
  ...each(texts, "validators patchesStrategicMerge buildMetadata"),
  ...each(z.array(Patch, "a list"), "patches patchesJson6902"),
  ...each(z.array(Image, "a list"), "images"),
  ...each(z.array(Replica, "a list"), "replicas"),
  ...each(z.array(Named, "a list"), "replacements"),
  ...each(z.array(z.strictObject(generator, "a map"), "a list"), "configMapGenerator"),
  ...each(
    z.array(z.strictObject({ ...generator, ...each(text, "type") }, "a map"), "a list"),
    "secretGenerator",
  ),
  ...each(Named, "openapi"),
  ...each(free, "imageTags labels vars helmCharts helmChartInflationGenerator"),
  ...each(map, "metadata generatorOptions commonLabels commonAnnotations sortOptions helmGlobals"),
});

/** What is wrong with the form of a kustomization. */
export function kustomizationProblems(manifest: Manifest): readonly Problem[] {
  const result = Kustomization.safeParse(manifest.value);
  return (result.error?.issues ?? []).flatMap((issue): Problem[] => {
    const path = issue.path as FieldPath;
    if (issue.code !== "unrecognized_keys") {
      const message = `${formatFieldPath(path)} must be ${issue.message}`;
      return [{ message, where: manifest.place(path) }];
    }
    return issue.keys.map((key) => ({
      message: `${formatFieldPath([...path, key])} is not a field of a kustomization`,
      where: manifest.place([...path, key]),
    }));
  });
}

/**
 * A directory's kustomization with what Flux adds, as kustomize-controller writes it there before
 * it builds.
 *
 * Source: github.com/fluxcd/pkg `kustomize/kustomize_generator.go` (`GenerateManifest`).
 *
 * @param options.by the Kustomization of Flux
 * @param options.exists true for a component that is there
 */
export function withFluxFields(
  own: Manifest,
  { by, exists }: {
    readonly by: Manifest | undefined;
    readonly exists: (component: string) => boolean;
  },
): Manifest {
  const spec = valueAt(by?.value, ["spec"]);
  if (by === undefined || !isObject(spec)) return own;
  const { targetNamespace: namespace, namePrefix, nameSuffix } = spec;
  const added: Readonly<Record<string, readonly unknown[]>> = {
    patches: listOf(spec.patches),
    components: listOf(spec.components).filter((each) =>
      spec.ignoreMissingComponents !== true || exists(String(each))
    ),
    images: listOf(spec.images),
  };
  const texts = Object.entries({ namespace, namePrefix, nameSuffix })
    .filter(([, value]) => typeof value === "string");
  const lists = Object.entries(added).filter(([, list]) => list.length > 0).map(([field, list]) => {
    const before = listOf(own.value[field]);
    return [field, field === "images" ? mergedImages(before, list) : [...before, ...list]];
  });
  return {
    file: own.file,
    value: { ...own.value, ...Object.fromEntries([...texts, ...lists]) },
    place: (path) => {
      const [field, index, ...rest] = path;
      const before = listOf(own.value[String(field)]).length;
      return Object.hasOwn(added, String(field)) && typeof index === "number" && index >= before
        ? by.place(["spec", field!, index - before, ...rest])
        : own.place(path);
    },
  };
}

/** One entry for each image: tag and digest go together, as each alone says which version it is. */
function mergedImages(own: readonly unknown[], added: readonly unknown[]): readonly unknown[] {
  const images = [...own];
  for (const image of added.filter(isObject)) {
    const at = images.findIndex((each) => valueAt(each, ["name"]) === image.name);
    const before = images[at];
    if (!isObject(before)) {
      images.push(image);
      continue;
    }
    const { newTag: _, digest: __, ...unversioned } = before;
    images[at] = { ...(image.newTag || image.digest ? unversioned : before), ...image };
  }
  return images;
}

/** A file or directory a kustomization names. */
export interface Reference {
  /** As written. */
  readonly target: string;
  /**
   * `resource`: objects or another kustomization; `component`: a kustomization that changes what is
   * there; `plugin`: settings of a generator or transformer; `file`: other YAML, such as a patch;
   * `text`: anything.
   */
  readonly kind: "resource" | "component" | "plugin" | "file" | "text";
  /** Where in the kustomization it is named. */
  readonly at: FieldPath;
}

/** Where a kustomization names files: fields, and the members of their items that do. */
const NAMING: readonly (readonly [Reference["kind"], fields: string, members?: string])[] = [
  ["resource", "resources bases"],
  ["component", "components"],
  ["plugin", "generators transformers validators"],
  ["file", "crds configurations patchesStrategicMerge"],
  ["file", "patches patchesJson6902 replacements openapi", "path"],
  ["text", "configMapGenerator secretGenerator", "files envs env"],
];

/**
 * Every file and directory a kustomization names, be the rest of it well formed or not: what is
 * built must be known not to be fetched.
 */
export function referencesOf({ value }: Pick<Manifest, "value">): readonly Reference[] {
  return NAMING.flatMap(([kind, fields, members]) =>
    fields.split(" ").flatMap((field) => textsAt(value[field], [field])).flatMap(
      ({ text, at }): Reference[] => {
        const member = String(at.findLast((part) => typeof part === "string"));
        if (members !== undefined && !members.split(" ").includes(member)) return [];
        if (text.includes("\n")) return []; // YAML that is written inline
        // `key=file` and `file` both name a file.
        const target = member === "files" ? text.slice(text.indexOf("=") + 1) : text;
        return [{ target, kind, at }];
      },
    )
  );
}

/** YAML that a kustomization holds inline: patches and plugins. */
export function inlineYaml({ value }: Pick<Manifest, "value">): readonly string[] {
  const fields = ["patches", "patchesStrategicMerge", "patchesJson6902"];
  const plugins = ["generators", "transformers", "validators"];
  return [...fields, ...plugins].flatMap((field) => textsAt(value[field], [field]))
    .map(({ text }) => text).filter((text) => text.includes("\n"));
}

/** Fields that change objects, or make some, in ways that only kustomize knows. */
const CHANGING = [
  ...["patches", "patchesStrategicMerge", "patchesJson6902", "components", "replacements"],
  ...["transformers", "generators", "configurations", "vars", "labels", "commonLabels"],
  ...["helmCharts", "namePrefix", "nameSuffix"],
];

/** What is changed by a kustomization: the kinds it names, or any. */
export function changedKinds(
  { value }: Pick<Manifest, "value">,
): "none" | "any" | ReadonlySet<string> {
  const used = CHANGING.filter((field) => value[field] !== undefined);
  if (used.length === 0) return "none";
  const patches = value.patches;
  if (used.length > 1 || !Array.isArray(patches)) return "any";
  const kinds = patches.map((patch: unknown) => valueAt(patch, ["target", "kind"]));
  return kinds.every((kind) => typeof kind === "string") ? new Set(kinds) : "any";
}

/**
 * True for what kustomize fetches, be there a directory of that name or not.
 *
 * Source: sigs.k8s.io/kustomize/api/internal/git/repospec.go (`extractHost`), and
 * api/internal/loader/fileloader.go (`Load`) for files.
 */
export function isRemote(target: string): boolean {
  return /^\s*(?:git::)?(?:(?:ssh|https?|file):\/\/|[a-z][a-z0-9-]*@|github\.com[/:])/i.test(
    target,
  );
}

/** True for what older versions of kustomize fetch too, where no such directory is there. */
export function looksRemote(target: string): boolean {
  return isRemote(target) || /^[a-z][a-z0-9+.-]*:\/\//i.test(target) ||
    /[?&](?:ref|version)=|\.git(?:\/|$)|_git\//.test(target) ||
    /^(?:[\w-]+\.)+[a-z]{2,}\/[^/]+\/[^/]+/.test(target) && !/\.ya?ml$/.test(target);
}
