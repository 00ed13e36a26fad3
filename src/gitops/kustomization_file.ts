/**
 * A `kustomization.yaml`: what kustomize may be told, and which files it names.
 *
 * Source: sigs.k8s.io/kustomize/api/types/kustomization.go (v5.8).
 *
 * @module
 */

import * as z from "zod/mini";
import type { Problem } from "../errors/user_error.ts";
import { type FieldPath, formatFieldPath } from "./field_path.ts";
import type { Manifest } from "./manifest.ts";

/** The names kustomize looks for in a directory, in this order. */
export const KUSTOMIZATION_NAMES = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

const text = z.string("a string");
const texts = z.array(text, "a list of strings");
const free = z.array(z.unknown(), "a list");
const map = z.record(z.string(), z.unknown(), "a map");
const Target = z.strictObject({
  group: z.optional(text),
  version: z.optional(text),
  kind: z.optional(text),
  name: z.optional(text),
  namespace: z.optional(text),
  labelSelector: z.optional(text),
  annotationSelector: z.optional(text),
}, "a map");
const Patch = z.strictObject({
  path: z.optional(text),
  patch: z.optional(text),
  target: z.optional(Target),
  options: z.optional(map),
}, "a map with path or patch");
const generator = {
  name: z.optional(text),
  namespace: z.optional(text),
  behavior: z.optional(z.enum(["create", "replace", "merge"], "create, replace or merge")),
  literals: z.optional(texts),
  files: z.optional(texts),
  envs: z.optional(texts),
  env: z.optional(text),
  options: z.optional(map),
};
const Image = z.strictObject({
  name: text,
  newName: z.optional(text),
  newTag: z.optional(z.string("a string (put the tag in quotes)")),
  tagSuffix: z.optional(text),
  digest: z.optional(text),
}, "a map with name");

/** All of a kustomization's fields; those without files are looked at only as far as their form. */
const Kustomization = z.strictObject({
  apiVersion: z.optional(
    z.string("a string").check(
      z.regex(/^kustomize\.config\.k8s\.io\//, "kustomize.config.k8s.io/v1beta1"),
    ),
  ),
  kind: z.optional(z.enum(["Kustomization", "Component"], "Kustomization or Component")),
  metadata: z.optional(map),
  namespace: z.optional(text),
  namePrefix: z.optional(text),
  nameSuffix: z.optional(text),
  resources: z.optional(texts),
  bases: z.optional(texts),
  components: z.optional(texts),
  crds: z.optional(texts),
  configurations: z.optional(texts),
  generators: z.optional(texts),
  transformers: z.optional(texts),
  validators: z.optional(texts),
  patches: z.optional(z.array(Patch, "a list")),
  patchesStrategicMerge: z.optional(texts),
  patchesJson6902: z.optional(z.array(Patch, "a list")),
  images: z.optional(z.array(Image, "a list")),
  replicas: z.optional(z.array(
    z.strictObject({ name: text, count: z.int("a whole number") }, "a map with name and count"),
    "a list",
  )),
  replacements: z.optional(z.array(z.looseObject({ path: z.optional(text) }), "a list")),
  configMapGenerator: z.optional(z.array(z.strictObject(generator, "a map"), "a list")),
  secretGenerator: z.optional(
    z.array(z.strictObject({ ...generator, type: z.optional(text) }, "a map"), "a list"),
  ),
  generatorOptions: z.optional(map),
  labels: z.optional(free),
  commonLabels: z.optional(map),
  commonAnnotations: z.optional(map),
  openapi: z.optional(z.looseObject({ path: z.optional(text) }, "a map with path")),
  sortOptions: z.optional(map),
  buildMetadata: z.optional(texts),
  vars: z.optional(free),
  helmGlobals: z.optional(map),
  helmCharts: z.optional(free),
  helmChartInflationGenerator: z.optional(free),
});

/** A kustomization as far as it is well formed. */
export type Kustomization = z.infer<typeof Kustomization>;

/** A file or directory a kustomization names. */
export interface Reference {
  /** As written. */
  readonly target: string;
  /** `resource`: objects or another kustomization; `patch`: part of an object; `file`: anything. */
  readonly kind: "resource" | "patch" | "file";
  /** Where in the kustomization it is named. */
  readonly at: FieldPath;
}

/** Reads a kustomization. */
export function readKustomization(
  manifest: Manifest,
): { readonly kustomization?: Kustomization; readonly problems: readonly Problem[] } {
  const result = Kustomization.safeParse(manifest.value);
  if (result.success) return { kustomization: result.data, problems: [] };
  const problems = result.error.issues.flatMap((issue): Problem[] => {
    const path = issue.path as FieldPath;
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((key) => ({
        message: `${formatFieldPath([...path, key])} is no field of a kustomization`,
        where: manifest.place([...path, key]),
      }));
    }
    const message = `${formatFieldPath(path)} must be ${issue.message}`;
    return [{ message, where: manifest.place(path) }];
  });
  return { problems };
}

/** Every file and directory a kustomization names. */
export function referencesOf(kustomization: Kustomization): readonly Reference[] {
  const references: Reference[] = [];
  const add = (kind: Reference["kind"], at: FieldPath, target: string | undefined) => {
    if (target !== undefined) references.push({ target, kind, at });
  };
  const addAll = (kind: Reference["kind"], field: keyof Kustomization) => {
    const targets = kustomization[field] as readonly string[] | undefined;
    targets?.forEach((target, index) => add(kind, [field, index], target));
  };
  for (const field of ["resources", "bases", "components"] as const) addAll("resource", field);
  for (
    const field of ["crds", "configurations", "generators", "transformers", "validators"] as const
  ) {
    addAll("file", field);
  }
  // A strategic merge patch may stand inline; then it is YAML of several lines.
  kustomization.patchesStrategicMerge?.forEach((target, index) => {
    if (!target.includes("\n")) add("patch", ["patchesStrategicMerge", index], target);
  });
  for (const field of ["patches", "patchesJson6902"] as const) {
    kustomization[field]?.forEach(({ path }, index) => add("patch", [field, index, "path"], path));
  }
  kustomization.replacements?.forEach(({ path }, index) =>
    add("file", ["replacements", index, "path"], path)
  );
  add("file", ["openapi", "path"], kustomization.openapi?.path);
  for (const field of ["configMapGenerator", "secretGenerator"] as const) {
    kustomization[field]?.forEach(({ files, envs, env }, index) => {
      files?.forEach((file, n) => add("file", [field, index, "files", n], afterKey(file)));
      envs?.forEach((file, n) => add("file", [field, index, "envs", n], file));
      add("file", [field, index, "env"], env);
    });
  }
  return references;
}

/** True for what kustomize would fetch: it cannot be looked at offline. */
export function isRemote(target: string): boolean {
  return /^(?:[a-z][a-z0-9+.-]*:\/\/|git@|git::)/i.test(target) || /[?&]ref=/.test(target) ||
    /^(?:[\w-]+\.)+[a-z]{2,}\/[^/]+\/[^/]+/.test(target) && !/\.ya?ml$/.test(target);
}

/** `key=file` and `file` both name a file. */
function afterKey(entry: string): string {
  return entry.slice(entry.indexOf("=") + 1);
}
