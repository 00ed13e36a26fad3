/**
 * `group_vars/` and `host_vars/` next to an inventory.
 *
 * Source: ansible-core 2.16 `lib/ansible/parsing/dataloader.py`, `find_vars_files`.
 *
 * @module
 */

import { dirname, join } from "node:path";
import type { Problem } from "../../errors/user_error.ts";
import type { YamlDocument } from "../../yaml/node.ts";
import { rootValue, UnfoldError } from "../../yaml/read_value.ts";
import { type InventoryFiles, isSealed, type SealedFile } from "./inventory_files.ts";

/** One file of variables. */
export interface VarsFile {
  readonly kind: "group" | "host";
  /** The group or host it belongs to. */
  readonly scope: string;
  /** Absolute path. */
  readonly path: string;
  /** Undefined where the whole file is encrypted. */
  readonly document: YamlDocument | undefined;
  readonly sealed?: SealedFile;
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
) {
  const directory = join(dirname(inventoryFile), `${kind}_vars`);
  const present = from.list(directory);
  const files: VarsFile[] = [];
  const problems: Problem[] = [];
  const warnings: Problem[] = [];
  const found = { files, problems, warnings };
  if (present.size === 0) return found;
  for (const scope of scopes) {
    for (const extension of EXTENSIONS) {
      if (!present.has(scope + extension)) continue;
      const path = join(directory, scope + extension);
      try {
        const kindOf = from.kindOf(path);
        if (kindOf === "nothing") {
          // As Ansible does, which looks for the next name then.
          warnings.push({
            message: "the symbolic link leads nowhere; Ansible skips it",
            where: { file: from.show(path) },
          });
          continue;
        }
        // Only a name without an extension may be a directory.
        const paths = kindOf !== "directory" ? [path] : extension === "" ? within(path, from) : [];
        for (const each of paths) readOne(each, { kind, scope, from, found });
      } catch (error) {
        problems.push(unreadable(path, error, from));
      }
      break;
    }
  }
  return found;
}

function readOne(
  path: string,
  { kind, scope, from, found }: {
    readonly kind: "group" | "host";
    readonly scope: string;
    readonly from: InventoryFiles;
    readonly found: { readonly files: VarsFile[]; readonly problems: Problem[] };
  },
): void {
  try {
    // A pipe would never end, and a link to nothing stops Ansible too.
    if (from.kindOf(path) !== "file") throw new Error("it is no regular file");
    const document = from.read(path);
    if (isSealed(document)) {
      found.files.push({ kind, scope, path, document: undefined, sealed: document });
      return;
    }
    found.problems.push(...document.problems, ...shapeProblems(document));
    found.files.push({ kind, scope, path, document });
  } catch (error) {
    found.problems.push(unreadable(path, error, from));
  }
}

function unreadable(path: string, error: unknown, from: InventoryFiles): Problem {
  const why = error instanceof Deno.errors.PermissionDenied
    ? "permission denied"
    : (error as Error).message;
  return { message: `the file cannot be read: ${why}`, where: { file: from.show(path) } };
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

function within(directory: string, from: InventoryFiles): string[] {
  const found: string[] = [];
  for (const name of [...from.list(directory)].sort()) {
    if (name.startsWith(".") || name.endsWith("~")) continue;
    const dot = name.lastIndexOf(".");
    const extension = dot <= 0 ? "" : name.slice(dot);
    const path = join(directory, name);
    if (from.kindOf(path) === "directory") {
      if (extension === "") found.push(...within(path, from));
    } else if (EXTENSIONS.includes(extension)) {
      found.push(path);
    }
  }
  return found;
}
