/**
 * Where Flux begins in a repository, and which of its sources are the repository itself.
 *
 * @module
 */

import { dirname, join, posix } from "node:path";
import { type Manifest, metadataOf, textOf, valueAt } from "./manifest.ts";
import {
  type RepositoryFiles,
  repositoryFiles,
  withoutLeftOut,
} from "../repository/repository_files.ts";
import { fluxUrl } from "../repository/repository_url.ts";
import { leftOut } from "../repository/source_ignore.ts";
import { ResourceTrees } from "./resource_tree.ts";
import { liesIn, realPlace, repositoryAround } from "../repository/work_tree.ts";

/** The source that `k3s-tool` and `flux bootstrap` make for the repository itself. */
const OWN_SOURCE = "flux-system";

/** Kinds of sources that may hold a repository. */
const SOURCES = new Set(["GitRepository", "OCIRepository", "Bucket"]);

/** What may be of use here, in the text of a file. */
const OF_FLUX =
  /^\s*(?:- )?sync:|kustomize\.toolkit\.fluxcd\.io\/|kind: (?:GitRepository|OCIRepository|Bucket)/m;

/** What the objects of Flux in a repository say of it. */
export interface FluxEntry {
  /** Directories that Flux starts from; empty where nothing says. */
  readonly roots: readonly string[];
  /** Flux's Kustomizations, wherever they are, applied or not. */
  readonly kustomizations: readonly Manifest[];
  /** True where a Kustomization applies a path of this repository. */
  isOwn(manifest: Manifest): boolean;
  /** The sources that are this repository. */
  readonly sources: readonly Manifest[];
}

/** True for Flux's Kustomization, which is not kustomize's. */
export function isFluxKustomization({ value }: Pick<Manifest, "value">): boolean {
  return value.kind === "Kustomization" &&
    String(value.apiVersion).startsWith("kustomize.toolkit.fluxcd.io/");
}

/** A path of a Kustomization as a directory of the repository; `.` is its root. */
export function directoryOf(path: string): string {
  return posix.normalize(path.replace(/^\/+/, "")).replace(/\/+$/, "") || ".";
}

/** Reads every object of Flux below the scope of the files. */
export async function fluxEntry(trees: ResourceTrees): Promise<FluxEntry> {
  const { files } = trees;
  const found = await fluxObjects(trees);
  const kustomizations = found.filter(isFluxKustomization);
  const sources = found.filter(({ value }) => SOURCES.has(String(value.kind)));
  const nameOf = ({ value }: Manifest) => `${value.kind}/${metadataOf(value).name}`;
  const syncs = found.flatMap(({ value }) => syncsIn(value));
  const bootstrap = sources.filter(({ value }) => metadataOf(value).name === OWN_SOURCE)
    .flatMap(urlOf);
  const urls = new Set(
    [...files.remotes, ...syncs.map(({ url }) => url), ...bootstrap].map(comparable),
  );
  const isRepository = (source: string): boolean => {
    const addresses = sources.filter((each) => nameOf(each) === source).flatMap(urlOf);
    if (addresses.some((url) => urls.has(comparable(url)))) return true;
    if (addresses.length > 0 && bootstrap.length > 0) return false;
    // Nobody says which repository this is: the source is it if what is applied from it is here.
    const paths = kustomizations.filter((each) => sourceOf(each) === source)
      .flatMap((each) => pathIn(each) ?? []).filter((path) => path !== "." && !path.includes("${"));
    return paths.filter((path) => files.hasDirectory(path)).length > paths.length / 2;
  };
  const named = [...sources.map(nameOf), ...kustomizations.flatMap((each) => sourceOf(each) ?? [])];
  const own = new Set([
    ...[...SOURCES].map((kind) => `${kind}/${OWN_SOURCE}`),
    ...named.filter((each) => SOURCES.has(each.split("/")[0]!) && isRepository(each)),
  ]);
  const isOwn = (each: Manifest) => own.has(sourceOf(each) ?? "");
  const declared = [
    ...syncs.map(({ path }) => directoryOf(path)),
    // As flux bootstrap writes it: a Kustomization that applies the directory it is in.
    ...kustomizations.filter(isOwn).flatMap((each) => {
      const path = pathIn(each);
      return path !== undefined && each.file.startsWith(`${path}/`) ? [path] : [];
    }),
  ].filter((path) => path !== "." && files.hasDirectory(path));
  const clusters = clusterDirectories(files, kustomizations.filter(isOwn))
    .filter((each) => !declared.some((path) => path === each || path.startsWith(`${each}/`)));
  return {
    roots: [...new Set([...clusters, ...declared])].sort(),
    kustomizations,
    isOwn,
    sources: sources.filter((each) => own.has(nameOf(each))),
  };
}

/**
 * The files as Flux fetches them. What one of several clusters fetches is judged.
 *
 * Source: source-controller `internal/controller/gitrepository_controller.go`: `spec.ignore` comes
 * after every `.sourceignore`.
 */
export async function fetchedTrees(files: RepositoryFiles): Promise<ResourceTrees> {
  const inFiles = await Promise.all(
    files.paths.filter((path) => posix.basename(path) === ".sourceignore").map(async (path) => ({
      directory: path === ".sourceignore" ? "" : posix.dirname(path),
      text: await files.read(path) ?? "",
    })),
  );
  const { sources } = await fluxEntry(new ResourceTrees(files));
  const specs = new Set(sources.map(({ value }) => valueAt(value, ["spec", "ignore"])));
  const each = [...specs.size === 0 ? [undefined] : specs].map((text) =>
    leftOut(typeof text === "string" ? [...inFiles, { directory: "", text }] : inFiles)
  );
  return new ResourceTrees(
    withoutLeftOut(files, (path) => each.every((isLeftOut) => isLeftOut(path))),
  );
}

/** Every object of Flux that says where it finds something. */
async function fluxObjects(trees: ResourceTrees): Promise<Manifest[]> {
  const { files } = trees;
  const found: Manifest[] = [];
  for (const path of files.paths) {
    if (!files.inScope(path) || !/\.ya?ml$/.test(path)) continue;
    const text = await files.read(path);
    if (text === undefined || !OF_FLUX.test(text)) continue;
    found.push(...(await trees.manifestsOf(path)).manifests);
  }
  return found;
}

/** `sync` of a FluxInstance, also as values of its chart: where the operator has Flux begin. */
function syncsIn(value: unknown): { readonly path: string; readonly url: string }[] {
  if (typeof value !== "object" || value === null) return [];
  const inner = Object.values(value).flatMap(syncsIn);
  const sync = valueAt(value, ["sync"]);
  const path = valueAt(sync, ["path"]);
  const url = valueAt(sync, ["url"]);
  return typeof path === "string" && typeof url === "string" ? [...inner, { path, url }] : inner;
}

/** `clusters/NAME`, wherever that is, as far as there is anything for Flux in it. */
function clusterDirectories(
  files: RepositoryFiles,
  kustomizations: readonly Manifest[],
): readonly string[] {
  const found = files.paths.filter(files.inScope)
    .flatMap((path) => /^(?:.*?\/)??clusters\/[^/]+(?=\/)/.exec(path)?.[0] ?? []);
  return [...new Set(found)].filter((each) =>
    /^clusters\//.test(each) ||
    kustomizations.some((kustomization) =>
      kustomization.file.startsWith(`${each}/`) &&
      files.hasDirectory(pathIn(kustomization) ?? "none")
    )
  );
}

/** `GitRepository/NAME` that a Kustomization is applied from. */
export function sourceOf({ value }: Manifest): string | undefined {
  const source = valueAt(value, ["spec", "sourceRef"]);
  const name = textOf(valueAt(source, ["name"]));
  return name === undefined ? undefined : `${valueAt(source, ["kind"])}/${name}`;
}

/** `spec.path` of a Kustomization as a directory; undefined where it has none. */
export function pathIn({ value }: Manifest): string | undefined {
  const path = textOf(valueAt(value, ["spec", "path"]));
  return path === undefined ? undefined : directoryOf(path);
}

function urlOf({ value }: Manifest): string | readonly string[] {
  return textOf(valueAt(value, ["spec", "url"])) ?? [];
}

/** The same for each way to write the address of one repository: `host/path`. */
function comparable(url: string): string {
  return fluxUrl(url).toLowerCase().replace(/^[a-z+]+:\/\//, "").replace(/^[^/@]*@/, "")
    .replace(/^([^/:]+):\d+/, "$1").replace(/(?:\.git)?\/*$/, "");
}

/**
 * The root of the repository a directory belongs to: where most paths of its Kustomizations lead
 * somewhere. That is nearly always the root of the Git repository, but not if the files were copied
 * into another repository or out of Git, or if a folder is pushed as a separate OCI artifact.
 *
 * @returns absolute path, symbolic links followed
 */
export async function rootOf(directory: string): Promise<string> {
  const real = await realPlace(directory);
  const top = await repositoryAround(real);
  const files = await repositoryFiles(top ?? real, { scope: real });
  const { kustomizations } = await fluxEntry(new ResourceTrees(files));
  const places = kustomizations.flatMap(({ value, file }) => {
    const path = valueAt(value, ["spec", "path"]);
    // An artifact that source-watcher makes from part of a repository has its own root.
    const isPart = valueAt(value, ["spec", "sourceRef", "kind"]) === "ExternalArtifact";
    if (typeof path !== "string" || path.includes("${") || isPart) return [];
    return [{ path: `/${directoryOf(path)}`, file: join(files.root, file) }];
  }).filter(({ path }) => path !== "/.");
  const directories = new Set(files.paths.flatMap((path) => parentsOf(join(files.root, path))));
  const found = new Map<string, Set<string>>();
  for (const { path, file } of places) {
    for (const each of directories) {
      if (!each.endsWith(path)) continue;
      const root = each.slice(0, -path.length) || "/";
      const isPossible = liesIn(real, root)
        ? top === undefined || liesIn(root, top)
        : top !== undefined && liesIn(root, real) && liesIn(file, root);
      if (isPossible) found.set(root, (found.get(root) ?? new Set()).add(path));
    }
  }
  const [best] = [...found].sort(([a, counted], [b, other]) =>
    other.size - counted.size || (top === undefined ? b.length - a.length : a.length - b.length)
  );
  return best?.[0] ?? top ?? real;
}

/** Every directory above a path. */
function parentsOf(path: string): string[] {
  const above = dirname(path);
  return above === path ? [] : [above, ...parentsOf(above)];
}
