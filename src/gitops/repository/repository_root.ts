/**
 * What the paths in a repository count from.
 *
 * @module
 */

import { dirname, join } from "node:path";
import { directoryOf, fluxEntry } from "../check/flux_entry.ts";
import { valueAt } from "../check/field_path.ts";
import { repositoryFiles } from "./repository_files.ts";
import { ResourceTrees } from "../check/resource_tree.ts";
import { liesIn, realPlace, repositoryAround } from "./work_tree.ts";

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
  const files = await repositoryFiles(top ?? real, { scope: real });
  const { kustomizations } = await fluxEntry(files, new ResourceTrees(files));
  const places = kustomizations.flatMap(({ value, file }) => {
    const path = valueAt(value, ["spec", "path"]);
    // What source-watcher cuts out of a repository has a root of its own.
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
