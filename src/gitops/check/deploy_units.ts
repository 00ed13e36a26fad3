/**
 * What Flux applies: what it starts from, and from there every path its Kustomizations name.
 *
 * @module
 */

import { posix } from "node:path";
import type { Problem } from "../../errors/user_error.ts";
import { type Finding, isObject, type Manifest, metadataOf, valueAt } from "./manifest.ts";
import {
  directoryOf,
  type FluxEntry,
  fluxEntry,
  isFluxKustomization,
  sourceOf,
} from "./flux_entry.ts";
import type { Build, BuiltObject } from "./kustomize_build.ts";
import type { RepositoryFiles } from "../repository/repository_files.ts";
import type { ResourceTree, ResourceTrees, TreeObject } from "./resource_tree.ts";

/** An object as it is applied. */
export interface AppliedObject {
  /** Its value as built, or as the file has it; its places are in the file. */
  readonly manifest: Manifest;
  /** What it was read from; undefined for what a generator made. */
  readonly source: Manifest | undefined;
  readonly namespace: string | undefined;
  readonly name: string;
  /** False where something that was not built may change it. */
  readonly certain: boolean;
  /** False where something that was not built may change its name or namespace too. */
  readonly named: boolean;
  /** The file that changed it last. */
  readonly changedIn: string;
}

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
  /** Undefined where it was not built. */
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

/** Builds a unit; undefined where that is not possible. */
export type Builder = (tree: ResourceTree) => Promise<Build | undefined>;

/** Directories of clusters: `clusters/NAME`. */
export function clustersOf(files: RepositoryFiles): readonly string[] {
  return namesBelow(files, "clusters");
}

/** Directories of apps as `gitops new-app` makes them: `apps/NAME` with its `sync.yaml`. */
export function appsOf(files: RepositoryFiles): readonly string[] {
  return namesBelow(files, "apps").filter((app) => files.paths.includes(`apps/${app}/sync.yaml`));
}

/** Builds at one time; each is a process. */
const AT_ONCE = Math.max(2, Math.min(8, navigator.hardwareConcurrency));

type Start =
  & Pick<DeployUnit, "directory">
  & Partial<Pick<DeployUnit, "cluster" | "by" | "certain">>
  & {
    readonly only?: readonly string[];
  };

/**
 * Finds everything that is applied, and in a repository that follows the template also overlays
 * nobody applies.
 *
 * @param options.build builds a unit, so that Kustomizations count as built; without it they count
 *   as written
 */
export async function deployUnits(
  files: RepositoryFiles,
  trees: ResourceTrees,
  { build }: { readonly build?: Builder } = {},
): Promise<Deployment> {
  const entry = await fluxEntry(files, trees);
  const followsTemplate = entry.kustomizations.some(isOfTemplate);
  const units: DeployUnit[] = [];
  const notChecked = new Map<string, Problem>();
  const reached = new Set<string>();
  const visit = async (starts: readonly Start[]): Promise<void> => {
    let waiting = starts;
    while (waiting.length > 0) {
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
        const message = `not checked: ${source} is not known to be this repository`;
        // Once for each source.
        if (source !== undefined && !notChecked.has(source)) {
          notChecked.set(source, { message, where });
        }
        return [];
      }
      const directory = directoryOf(substituted(path, unit));
      if (!directory.startsWith("..") && trees.hasDirectory(directory)) {
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
  await visit(entry.roots.map((directory) => ({ directory, cluster: clusterName(directory) })));
  if (entry.roots.length === 0) await visit(await unnamedStarts(entry, { files, trees }));
  if (followsTemplate) {
    const apps = appsOf(files).map((app) => `apps/${app}`);
    const loose = [...apps, ...overlaysOf(files, trees)]
      .filter((each) => trees.kustomizationOf(each) !== undefined)
      .filter((each) => !trees.used.has(trees.kustomizationOf(each)!));
    for (const directory of loose) await visit([{ directory }]);
  }
  return { units, notChecked: [...notChecked.values()], followsTemplate };
}

/** Where nothing says what Flux begins with: Kustomizations, or what kustomize builds. */
async function unnamedStarts(
  { kustomizations, isOwn }: FluxEntry,
  { files, trees }: { readonly files: RepositoryFiles; readonly trees: ResourceTrees },
): Promise<readonly Start[]> {
  const pathOf = ({ value }: Manifest) =>
    directoryOf(String(valueAt(value, ["spec", "path"]) ?? "."));
  const own = kustomizations.filter((each) => isOwn(each) && files.hasDirectory(pathOf(each)));
  const paths = own.map(pathOf).filter((path) => path !== ".");
  const outside = own.filter(({ file }) => !paths.some((path) => file.startsWith(`${path}/`)));
  const starts = [...Map.groupBy(outside, ({ file }) => posix.dirname(file))]
    .map(([directory, group]): Start => ({
      directory,
      cluster: directory,
      only: [...new Set(group.map(({ file }) => file))],
    }));
  if (kustomizations.length > 0) return starts;
  const directories: string[] = [];
  for (const directory of new Set(files.paths.filter(files.inScope).map(posix.dirname))) {
    const file = trees.kustomizationOf(directory);
    const [manifest] = file === undefined ? [] : (await trees.manifestsOf(file)).manifests;
    if (manifest !== undefined && manifest.value.kind !== "Component") directories.push(directory);
  }
  // Which of them others list is known once they are read; what is wrong is said when it is built.
  const listed = new Set<string>();
  for (const directory of directories) {
    for (const file of (await trees.read(directory)).files) {
      if (file !== trees.kustomizationOf(directory)) listed.add(file);
    }
  }
  return directories.filter((each) => !listed.has(trees.kustomizationOf(each)!))
    .map((directory) => ({ directory }));
}

async function unitOf(
  { directory, cluster, by, certain = false, only }: Start,
  { trees, build }: { readonly trees: ResourceTrees; readonly build: Builder | undefined },
): Promise<DeployUnit> {
  const tree = await trees.read(directory, { by, only });
  // Files alone are what they are: only a kustomization, or Flux, changes them.
  const { resources: _, ...changes } = tree.kustomization?.value ?? {};
  const built = Object.keys(changes).length > 0 ||
      [...tree.files].some((file) => trees.kustomizations.has(file))
    ? await build?.(tree)
    : undefined;
  const unit = { directory, cluster, by, certain, app: appOf(directory), tree, build: built };
  const objects = built !== undefined && "objects" in built
    ? built.objects.map((object) => builtObject(object, { tree, trees, directory }))
    : tree.objects.map(writtenObject);
  return { ...unit, objects };
}

function writtenObject(object: TreeObject): AppliedObject {
  const { manifest, changed } = object;
  const { name, namespace } = metadataOf(manifest.value);
  // `namespace:` of a kustomization names Namespaces too (kustomize
  // `api/internal/konfig/builtinpluginconsts/namespace.go`).
  const given = manifest.value.kind === "Namespace" ? object.namespace : undefined;
  return {
    manifest: given === undefined ? manifest : renamed(manifest, given),
    source: manifest,
    namespace: object.namespace ?? textOf(namespace),
    name: given ?? String(name),
    named: changed !== "any",
    certain: changed === "none" || changed !== "any" && !changed.has(String(manifest.value.kind)),
    changedIn: manifest.file,
  };
}

function renamed({ file, value, place }: Manifest, name: string): Manifest {
  const metadata = { ...isObject(value.metadata) ? value.metadata : {}, name };
  return { file, value: { ...value, metadata }, place };
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
  const read = same.length === 1 ? same[0] : same.find((each) => writtenObject(each).name === name);
  const source = read?.manifest;
  const file = patchedIn.at(-1) ??
    trees.kustomizationOf(directory) ?? source?.file ?? directory;
  const place = source?.place ?? (() => ({ file }));
  return {
    manifest: { file: source?.file ?? file, value, place },
    source,
    namespace: textOf(namespace) ??
      (read === undefined ? undefined : writtenObject(read).namespace),
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
    !path.some((_, at) => hasPlaceholder(valueAt(value, path.slice(0, at + 1))))
  );
}

function hasPlaceholder(value: unknown): boolean {
  return typeof value === "string" && /\$\{\w/.test(value);
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
  const { postBuild } = specOf(by);
  const variables = isObject(postBuild) && isObject(postBuild.substitute)
    ? postBuild.substitute
    : {};
  return path.replace(
    /\$\{(\w+)(?::?[=-]([^}]*))?\}/g,
    (whole, name, otherwise) => textOf(variables[name]) ?? otherwise ?? whole,
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

function clusterName(directory: string): string {
  return /^(?:.*\/)?clusters\/([^/]+)$/.exec(directory)?.[1] ?? directory;
}

function overlaysOf(files: RepositoryFiles, trees: ResourceTrees): readonly string[] {
  const directories = files.paths.map((path) => posix.dirname(path))
    .filter((directory) => /^apps\/[^/]+\/overlays\/[^/]+$/.test(directory));
  return [...new Set(directories)].filter((each) => trees.kustomizationOf(each) !== undefined);
}

function namesBelow(files: RepositoryFiles, folder: string): readonly string[] {
  const names = files.paths.flatMap((path) => {
    const [first, name, rest] = path.split("/", 3);
    return first === folder && name !== undefined && rest !== undefined ? [name] : [];
  });
  return [...new Set(names)];
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
