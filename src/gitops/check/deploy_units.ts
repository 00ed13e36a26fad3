/**
 * What Flux applies: what it starts from, and from there every path its Kustomizations name.
 *
 * @module
 */

import { posix } from "node:path";
import type { Problem } from "../../errors/user_error.ts";
import {
  directoryOf,
  type FluxEntry,
  fluxEntry,
  isFluxKustomization,
  pathIn,
  sourceOf,
} from "./flux_entry.ts";
import type { Build, BuiltObject } from "./kustomize_build.ts";
import { type Finding, isObject, type Manifest, metadataOf, textOf, valueAt } from "./manifest.ts";
import type { RepositoryFiles } from "../repository/repository_files.ts";
import type { AppliedObject, ResourceTree, ResourceTrees } from "./resource_tree.ts";

/** One directory that is built and applied as a whole. */
export interface DeployUnit {
  /** Relative to the repository's root. */
  readonly directory: string;
  /** Undefined for what no cluster applies yet. */
  readonly cluster: string | undefined;
  /** The Flux Kustomization that applies it; undefined for what Flux starts from. */
  readonly by: Manifest | undefined;
  /** False where what was not built may change `by`. */
  readonly certain: boolean;
  /** The app it belongs to: `apps/NAME`. */
  readonly app: string | undefined;
  readonly tree: ResourceTree;
  /** What the build led to; undefined where none was made. */
  readonly build: Build | undefined;
  readonly objects: readonly AppliedObject[];
}

/** Everything Flux does with a repository. */
export interface Deployment {
  readonly units: readonly DeployUnit[];
  /** What is not known, though it would be applied. */
  readonly notChecked: readonly Problem[];
  /** True for a repository as `gitops init` writes it. */
  readonly followsTemplate: boolean;
}

/** Directories of clusters: `clusters/NAME`. */
export function clustersOf(files: RepositoryFiles): readonly string[] {
  return partsOf(files, /(?<=^clusters\/)[^/]+(?=\/)/);
}

/** Directories of apps as `gitops new-app` makes them: `apps/NAME` with its `sync.yaml`. */
export function appsOf(files: RepositoryFiles): readonly string[] {
  return partsOf(files, /(?<=^apps\/)[^/]+(?=\/sync\.yaml$)/);
}

/** Builds at one time; each is a process. */
const AT_ONCE = Math.max(2, Math.min(8, navigator.hardwareConcurrency));

type Start =
  & Pick<DeployUnit, "directory">
  & Partial<Pick<DeployUnit, "cluster" | "by" | "certain">>
  & { readonly only?: readonly string[] };

/**
 * Finds everything that is applied, and in a repository that follows the template also overlays
 * nobody applies.
 *
 * @param build builds a kustomization, so that what it applies counts as built; without it that
 *   counts as written
 */
export async function deployUnits(
  trees: ResourceTrees,
  build?: (kustomization: Manifest) => Promise<Build>,
): Promise<Deployment> {
  const { files } = trees;
  const entry = await fluxEntry(trees);
  const followsTemplate = entry.kustomizations.some(isOfTemplate);
  const units: DeployUnit[] = [];
  const notChecked = new Map<string, Problem>();
  const reached = new Set<string>();
  const visit = async (starts: readonly Start[]): Promise<void> => {
    for (let waiting = starts; waiting.length > 0;) {
      const fresh = waiting.filter((start) => {
        const key = `${start.cluster ?? ""} ${start.directory} ${JSON.stringify(specOf(start.by))}`;
        return !reached.has(key) && reached.add(key);
      });
      const next: Start[] = [];
      for (let at = 0; at < fresh.length; at += AT_ONCE) {
        const found = await Promise.all(
          fresh.slice(at, at + AT_ONCE).map((start) => unitOf(start, { trees, build })),
        );
        units.push(...found);
        next.push(...found.flatMap(childrenOf));
      }
      waiting = next;
    }
  };
  const childrenOf = (unit: DeployUnit): readonly Start[] =>
    unit.objects.flatMap(({ manifest, certain }) => {
      if (!isFluxKustomization(manifest)) return [];
      const path = valueAt(manifest.value, ["spec", "path"]) ?? ".";
      if (typeof path !== "string") return [];
      const where = manifest.place(["spec", "path"]);
      if (!entry.isOwn(manifest)) {
        const source = sourceOf(manifest);
        const message = `not checked: ${source} may be another repository`;
        // Once for each source.
        if (source !== undefined && !notChecked.has(source)) {
          notChecked.set(source, { message, where });
        }
        return [];
      }
      const directory = directoryOf(substituted(path, unit));
      if (!directory.startsWith("..") && files.hasDirectory(directory)) {
        return [{ directory, cluster: unit.cluster, by: manifest, certain }];
      }
      // What only the cluster knows stands for something.
      if (!(directory.includes("${") && mayBeSubstituted(unit))) {
        const why = trees.unusable(directory) ?? "does not exist in the repository";
        const message = `spec.path ./${directory} ${why}`;
        trees.report({ message, where }, { certain: true });
      }
      return [];
    });
  await visit(entry.roots.map((directory) => {
    const [, cluster = directory] = /^(?:.*\/)?clusters\/([^/]+)$/.exec(directory) ?? [];
    return { directory, cluster };
  }));
  if (entry.roots.length === 0) await visit(await unnamedStarts(entry, trees));
  if (followsTemplate) {
    const apps = appsOf(files).map((app) => `apps/${app}`);
    const overlays = partsOf(files, /^apps\/[^/]+\/overlays\/[^/]+(?=\/[^/]+$)/);
    for (const directory of [...apps, ...overlays]) {
      const file = trees.kustomizationOf(directory);
      if (file !== undefined && !trees.used.has(file)) await visit([{ directory }]);
    }
  }
  return { units, notChecked: [...notChecked.values()], followsTemplate };
}

/** Where nothing says what Flux begins with: Kustomizations, or what kustomize builds. */
async function unnamedStarts(
  { kustomizations, isOwn }: FluxEntry,
  trees: ResourceTrees,
): Promise<readonly Start[]> {
  const { files } = trees;
  const pathOf = (each: Manifest) => pathIn(each) ?? ".";
  const own = kustomizations.filter((each) => isOwn(each) && files.hasDirectory(pathOf(each)));
  const paths = own.map(pathOf).filter((path) => path !== ".");
  const outside = own.filter(({ file }) => !paths.some((path) => file.startsWith(`${path}/`)));
  if (kustomizations.length > 0) {
    return [...Map.groupBy(outside, ({ file }) => posix.dirname(file))].map(
      ([directory, group]) => ({
        directory,
        cluster: directory,
        only: [...new Set(group.map(({ file }) => file))],
      }),
    );
  }
  const starts = new Map<string, Start>();
  for (const directory of new Set(files.paths.filter(files.inScope).map(posix.dirname))) {
    const file = trees.kustomizationOf(directory);
    const [manifest] = file === undefined ? [] : (await trees.manifestsOf(file)).manifests;
    if (manifest === undefined || manifest.value.kind === "Component") continue;
    starts.set(manifest.file, { directory });
  }
  // Which of them others list is known once they are read; what is wrong is said when it is built.
  const listed = new Set<string>();
  for (const [own, { directory }] of starts) {
    for (const file of (await trees.read(directory)).files) if (file !== own) listed.add(file);
  }
  return [...starts].filter(([file]) => !listed.has(file)).map(([, start]) => start);
}

async function unitOf(
  { directory, cluster, by, certain = false, only }: Start,
  { trees, build }: {
    readonly trees: ResourceTrees;
    readonly build: Parameters<typeof deployUnits>[1];
  },
): Promise<DeployUnit> {
  const tree = await trees.read(directory, { by, only });
  const { kustomization } = tree;
  // Files alone are what they are: only a kustomization, or Flux, changes them.
  const { resources: _, ...changes } = kustomization?.value ?? {};
  const isChanged = Object.keys(changes).length > 0 ||
    [...tree.files].some((file) => trees.kustomizations.has(file));
  const isOffline = tree.safe && tree.remote.length === 0;
  const built = kustomization !== undefined && isChanged && isOffline
    ? await build?.(kustomization)
    : undefined;
  const objects = built !== undefined && "objects" in built
    ? built.objects.map((object) => builtObject(object, { tree, trees, directory }))
    : tree.objects;
  return { directory, cluster, by, certain, app: appOf(directory), tree, build: built, objects };
}

function builtObject(
  { value, origin, patchedIn }: BuiltObject,
  { tree, trees, directory }: {
    readonly tree: ResourceTree;
    readonly trees: ResourceTrees;
    readonly directory: string;
  },
): AppliedObject {
  const { name, namespace } = metadataOf(value);
  const same = tree.objects.filter(({ manifest }) =>
    manifest.file === origin && manifest.value.kind === value.kind
  );
  const read = same.length === 1 ? same[0] : same.find((each) => each.name === name);
  const source = read?.source;
  const file = patchedIn.at(-1) ?? trees.kustomizationOf(directory) ?? source?.file ?? directory;
  const place = source?.place ?? (() => ({ file }));
  return {
    manifest: { file: source?.file ?? file, value, place },
    source,
    namespace: textOf(namespace) ?? read?.namespace,
    name: String(name),
    certain: true,
    named: true,
    changedIn: file,
  };
}

/** Findings that hold: where Flux puts a value in the place of `${…}` its type is not known yet. */
export function relevant(
  findings: readonly Finding[],
  { value, unit }: { readonly value: object; readonly unit: DeployUnit },
): readonly Finding[] {
  if (!mayBeSubstituted(unit)) return findings;
  return findings.filter(({ path }) =>
    !path.some((_, at) => /\$\{\w/.test(textOf(valueAt(value, path.slice(0, at + 1))) ?? ""))
  );
}

/** True where Flux replaces `${…}`, or where nobody knows whether it does. */
function mayBeSubstituted({ by, certain }: DeployUnit): boolean {
  return !certain || isObject(specOf(by).postBuild);
}

/** The app a path belongs to. */
export function appOf(path: string): string | undefined {
  return /^apps\/([^/]+)/.exec(path)?.[1];
}

/** As kustomize-controller does it: `${name}`, `${name:=default}`. */
function substituted(path: string, { by }: DeployUnit): string {
  const variables = valueAt(by?.value, ["spec", "postBuild", "substitute"]);
  return path.replace(
    /\$\{(\w+)(?::?[=-]([^}]*))?\}/g,
    (whole, name, otherwise) => textOf(valueAt(variables, [name])) ?? otherwise ?? whole,
  );
}

/** `clusters/NAME/apps.yaml`, or an app's `sync.yaml`, as the tool itself writes them. */
function isOfTemplate({ file, value }: Manifest): boolean {
  const path = valueAt(value, ["spec", "path"]);
  return path === "./apps" && file.startsWith("clusters/") &&
      valueAt(value, ["spec", "postBuild", "substitute", "cluster"]) !== undefined ||
    /^apps\/[^/]+\/sync\.yaml$/.test(file) && /\/overlays\//.test(String(path));
}

/** `spec` of a Kustomization; empty where it has none. */
export function specOf(manifest: Manifest | undefined): Readonly<Record<string, unknown>> {
  return manifest !== undefined && isObject(manifest.value.spec) ? manifest.value.spec : {};
}

/** What a pattern finds in paths, each once. */
function partsOf({ paths }: RepositoryFiles, pattern: RegExp): readonly string[] {
  return [...new Set(paths.flatMap((path) => pattern.exec(path)?.[0] ?? []))];
}
