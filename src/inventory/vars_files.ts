/**
 * `group_vars/` and `host_vars/` next to an inventory.
 *
 * Source: ansible-core 2.16 `lib/ansible/parsing/dataloader.py`, `find_vars_files`.
 *
 * @module
 */

import { dirname, join } from "node:path";
import type { Problem } from "../errors/user_error.ts";
import type { YamlDocument } from "./yaml_node.ts";
import { rootValue, UnfoldError } from "./yaml_value.ts";
import type { InventoryFiles } from "./inventory_files.ts";

/** One file of variables. */
export interface VarsFile {
  readonly kind: "group" | "host";
  /** The group or host it belongs to. */
  readonly scope: string;
  /** Absolute path. */
  readonly path: string;
  /** Undefined where the whole file is encrypted. */
  readonly document: YamlDocument | undefined;
}

/** Where a scope's variables are looked for, first come first served. */
const EXTENSIONS = ["", ".yml", ".yaml", ".json"];

/** The files of one kind, in the order Ansible reads them. */
export function readVarsFiles(
  kind: "group" | "host",
  { inventoryFile, scopes, from }: {
    readonly inventoryFile: string;
    readonly scopes: Iterable<string>;
    readonly from: InventoryFiles;
  },
): { readonly files: readonly VarsFile[]; readonly problems: readonly Problem[] } {
  const directory = join(dirname(inventoryFile), `${kind}_vars`);
  const present = from.list(directory);
  const files: VarsFile[] = [];
  const problems: Problem[] = [];
  if (present.size === 0) return { files, problems };
  for (const scope of scopes) {
    const name = EXTENSIONS.map((extension) => scope + extension).find((each) => present.has(each));
    if (name === undefined) continue;
    const found = join(directory, name);
    // Only a name without an extension may be a directory.
    const paths = from.isDirectory(found)
      ? (name === scope ? filesWithin(found, from) : [])
      : [found];
    for (const path of paths) {
      const document = from.read(path);
      if (document === "encrypted") {
        files.push({ kind, scope, path, document: undefined });
        continue;
      }
      problems.push(...document.problems, ...shapeProblems(document));
      files.push({ kind, scope, path, document });
    }
  }
  return { files, problems };
}

function shapeProblems(document: YamlDocument): Problem[] {
  const { root, file, lines } = document;
  if (root === undefined) return [];
  if (root.kind !== "map") {
    return [{
      message: "the file holds no variables",
      where: lines.place(file, root.start),
      expected: "name: value",
    }];
  }
  try {
    rootValue(document);
    return [];
  } catch (error) {
    if (error instanceof UnfoldError) return [error.problem];
    throw error;
  }
}

function filesWithin(directory: string, from: InventoryFiles): string[] {
  const found: string[] = [];
  for (const name of [...from.list(directory)].sort()) {
    if (name.startsWith(".") || name.endsWith("~")) continue;
    const dot = name.lastIndexOf(".");
    const extension = dot <= 0 ? "" : name.slice(dot);
    const path = join(directory, name);
    if (from.isDirectory(path)) {
      if (extension === "") found.push(...filesWithin(path, from));
    } else if (EXTENSIONS.includes(extension)) {
      found.push(path);
    }
  }
  return found;
}
