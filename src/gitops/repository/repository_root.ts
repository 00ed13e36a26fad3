/**
 * What the paths in a repository count from.
 *
 * @module
 */

import { dirname, join } from "node:path";
import { directoryOf, fluxEntry } from "../check/flux_entry.ts";
import { valueAt } from "../check/field_path.ts";
import { type RepositoryFiles, repositoryFiles } from "./repository_files.ts";
import { ResourceTrees } from "../check/resource_tree.ts";
import { liesIn, realPlace, repositoryAround } from "./work_tree.ts";

/** How far above a directory without a Git repository its root is looked for. */
const LEVELS = 4;

/**
 * The root of the repository a directory belongs to: where most paths of its Kustomizations lead
 * somewhere. That is the root of Git in nearly all cases; not for a repository that was copied into
 * another one, or out of Git, nor for a folder that is pushed as an artifact of its own (OCI).
 *
 * @returns absolute path, symbolic links followed
 */
export async function rootOf(directory: string): Promise<string> {
  const real = await realPlace(directory);
  const top = await repositoryAround(real);
  const above = parentsOf(real, top);
  const candidates = top === undefined ? above : above.reverse();
  const files = await repositoryFiles(real);
  const { kustomizations } = await fluxEntry(files, new ResourceTrees(files));
  const paths = [
    ...new Set(kustomizations.flatMap(({ value }) => {
      const path = valueAt(value, ["spec", "path"]);
      return typeof path !== "string" || path.includes("${") ? [] : [directoryOf(path)];
    })),
  ].filter((path) => path !== ".");
  let best = { root: candidates[0]!, count: 0 };
  for (const root of candidates) {
    const found = await Promise.all(
      paths.map((path) => join(root, path))
        .filter((path) => top !== undefined || liesIn(path, real)).map(isDirectory),
    );
    const count = found.filter(Boolean).length;
    if (count > best.count) best = { root, count };
  }
  const isOther = best.count === 0 && top !== undefined;
  return (isOther ? rootBelow(files, paths) : undefined) ?? best.root;
}

/** The directory below the files' root that most of the paths lead somewhere from, if any do. */
function rootBelow({ root, paths: files }: RepositoryFiles, paths: readonly string[]) {
  const counts = new Map<string, Set<string>>();
  for (const file of files) {
    for (const path of paths) {
      const at = file.indexOf(`/${path}/`);
      if (at === -1) continue;
      const below = join(root, file.slice(0, at));
      counts.set(below, (counts.get(below) ?? new Set()).add(path));
    }
  }
  return [...counts].sort(([, a], [, b]) => b.size - a.size)[0]?.[0];
}

/** The directory and those above it, up to `top` or a few levels. */
function parentsOf(directory: string, top: string | undefined): string[] {
  const found = [directory];
  while (top === undefined ? found.length <= LEVELS : found.at(-1) !== top) {
    const next = dirname(found.at(-1)!);
    if (next === found.at(-1)) break;
    found.push(next);
  }
  return found;
}

async function isDirectory(path: string): Promise<boolean> {
  return await Deno.stat(path).then((found) => found.isDirectory, () => false);
}
