/**
 * What Flux applies: each cluster's directory, and from there every path its Kustomizations name.
 *
 * @module
 */

import { posix } from "node:path";
import { valueAt } from "./field_path.ts";
import { isObject, type Manifest } from "./manifest.ts";
import type { Finding } from "./finding.ts";
import type { RepositoryFiles } from "./repository_files.ts";
import type { ResourceTree, ResourceTrees } from "./resource_tree.ts";

/** One directory that is built and applied as a whole. */
export interface DeployUnit {
  /** Relative to the repository's root. */
  readonly directory: string;
  /** Undefined for what no cluster applies yet. */
  readonly cluster: string | undefined;
  /** The Flux Kustomization that applies it; undefined for a cluster's own directory. */
  readonly by: Manifest | undefined;
  /** The app it belongs to: `apps/NAME`. */
  readonly app: string | undefined;
  readonly tree: ResourceTree;
}

/** The source `k3s-tool` makes for the repository itself. */
const OWN_SOURCE = "flux-system";

/** Directories of clusters: `clusters/NAME`. */
export function clustersOf(files: RepositoryFiles): readonly string[] {
  return namesBelow(files, "clusters");
}

/** Directories of apps: `apps/NAME`. */
export function appsOf(files: RepositoryFiles): readonly string[] {
  return namesBelow(files, "apps");
}

/** Finds everything that is applied, and overlays nobody applies, which are built all the same. */
export async function deployUnits(
  files: RepositoryFiles,
  trees: ResourceTrees,
): Promise<readonly DeployUnit[]> {
  const units: DeployUnit[] = [];
  const reached = new Set<string>();
  const visit = async (
    directory: string,
    { cluster, by }: Pick<DeployUnit, "cluster" | "by">,
  ): Promise<void> => {
    const key = `${cluster ?? ""} ${directory}`;
    if (reached.has(key)) return;
    reached.add(key);
    const spec = specOf(by);
    const namespace = textOf(spec.targetNamespace);
    const tree = await trees.read(directory, { namespace });
    units.push({ directory, cluster, by, app: appOf(directory), tree });
    for (const { manifest } of tree.objects) {
      const next = pathOf(manifest, substitutions(spec));
      if (next === undefined) continue;
      if (trees.hasDirectory(next) && !next.startsWith("..")) {
        await visit(next, { cluster, by: manifest });
      } else if (cluster !== undefined || !next.includes("${")) {
        const message = `spec.path ./${next} does not exist in the repository`;
        trees.report({ message, where: manifest.place(["spec", "path"]) });
      }
    }
  };
  for (const cluster of clustersOf(files)) {
    await visit(`clusters/${cluster}`, { cluster, by: undefined });
  }
  const apps = appsOf(files).map((app) => `apps/${app}`);
  for (const directory of [...apps, ...overlaysOf(files, trees)]) {
    const file = trees.kustomizationOf(directory);
    if (file !== undefined && trees.used.has(file)) continue;
    await visit(directory, { cluster: undefined, by: undefined });
  }
  return units;
}

/** True for Flux's Kustomization, which is not kustomize's. */
export function isFluxKustomization({ value }: Pick<Manifest, "value">): boolean {
  return value.kind === "Kustomization" &&
    String(value.apiVersion).startsWith("kustomize.toolkit.fluxcd.io/");
}

/** True where Flux replaces `${…}` in what a Kustomization applies. */
export function substitutes({ by }: DeployUnit): boolean {
  return isObject(specOf(by).postBuild);
}

/** Findings that hold: where Flux puts a value in the place of `${…}` its type is not known yet. */
export function relevant(
  findings: readonly Finding[],
  { value, unit }: { readonly value: object; readonly unit: DeployUnit },
): readonly Finding[] {
  if (!substitutes(unit)) return findings;
  return findings.filter(({ path }) => !/\$\{\w/.test(String(valueAt(value, path))));
}

/** True where a Kustomization decrypts secrets. */
export function decrypts({ by }: DeployUnit): boolean {
  return isObject(specOf(by).decryption);
}

/** The path of this repository that a Flux Kustomization applies; undefined for anything else. */
function pathOf(
  manifest: Manifest,
  variables: Readonly<Record<string, unknown>>,
): string | undefined {
  if (!isFluxKustomization(manifest)) return undefined;
  const { path, sourceRef } = specOf(manifest);
  const ours = isObject(sourceRef) && sourceRef.kind === "GitRepository" &&
    sourceRef.name === OWN_SOURCE;
  if (!ours || typeof path !== "string") return undefined;
  // As kustomize-controller does it: ${name}, ${name:=default}.
  const substituted = path.replace(
    /\$\{(\w+)(?::[=-]([^}]*))?\}/g,
    (whole, name, otherwise) => textOf(variables[name]) ?? otherwise ?? whole,
  );
  return posix.normalize(substituted.replace(/^\/+/, "")).replace(/\/+$/, "");
}

function substitutions(spec: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { postBuild } = spec;
  return isObject(postBuild) && isObject(postBuild.substitute) ? postBuild.substitute : {};
}

function specOf(manifest: Manifest | undefined): Readonly<Record<string, unknown>> {
  return manifest !== undefined && isObject(manifest.value.spec) ? manifest.value.spec : {};
}

/** The app a path belongs to. */
export function appOf(path: string): string | undefined {
  return /^apps\/([^/]+)/.exec(path)?.[1];
}

function overlaysOf(files: RepositoryFiles, trees: ResourceTrees): readonly string[] {
  const directories = files.paths.map((path) => posix.dirname(path))
    .filter((directory) => /(?:^|\/)overlays\/[^/]+$/.test(directory));
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
