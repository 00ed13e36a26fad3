/**
 * An inventory with everything that belongs to it, taken apart but not judged.
 *
 * @module
 */

import type { Problem } from "../../errors/user_error.ts";
import { type GroupTree, type HostPlace, placesByHost, readGroups } from "./group_tree.ts";
import { decidingGroups, roleOfGroup } from "./groups.ts";
import { type InventoryFiles, isSealed, readVarsFiles, type VarsFile } from "./inventory_files.ts";
import { type Role, ROLES } from "../model.ts";
import { Variables } from "./variables.ts";
import type { YamlDocument } from "../../yaml/node.ts";
import { requireUnfoldable, UnfoldError } from "../../yaml/read_value.ts";

/** The parts of a file that could be read as an inventory. */
export interface Parts {
  /** Absolute path of the inventory. */
  readonly path: string;
  readonly document: YamlDocument;
  readonly tree: GroupTree;
  readonly places: ReadonlyMap<string, readonly HostPlace[]>;
  /** The groups of each role. */
  readonly roleGroups: Readonly<Record<Role, readonly string[]>>;
  readonly variables: Variables;
  readonly files: readonly VarsFile[];
  /** What is left out of it. */
  readonly skipped: readonly Problem[];
}

/** The parts of the file at an absolute path and of the variables beside it, or why it has none. */
export function loadParts(
  path: string,
  files: InventoryFiles,
): Parts | { readonly problems: readonly Problem[] } {
  const document = files.read(path);
  if (isSealed(document)) {
    const message = `the whole inventory is encrypted by ${document.by}`;
    const expected = "a readable inventory; encrypt single values or files in group_vars/ instead";
    return { problems: [{ message, where: { file: files.show(path) }, expected }] };
  }
  if (document.problems.length > 0) return document;
  try {
    // What cannot be unfolded is found here, so that judging later cannot fail.
    requireUnfoldable(document);
    const tree = readGroups(document);
    if (tree.problems.length > 0) return tree;
    return withVariables(tree, { path, document, files });
  } catch (error) {
    if (error instanceof UnfoldError) return { problems: [error.problem] };
    throw error;
  }
}

function withVariables(
  tree: GroupTree,
  { path, document, files: from }: {
    readonly path: string;
    readonly document: YamlDocument;
    readonly files: InventoryFiles;
  },
): Parts | { readonly problems: readonly Problem[] } {
  const places = placesByHost(tree);
  const ofGroups = readVarsFiles("group", {
    inventoryFile: path,
    scopes: tree.groups.keys(),
    from,
  });
  const ofHosts = readVarsFiles("host", { inventoryFile: path, scopes: places.keys(), from });
  const problems = [...ofGroups.problems, ...ofHosts.problems];
  if (problems.length > 0) return { problems };
  const files = [...ofGroups.files, ...ofHosts.files];
  const deciding = decidingGroups(tree, tree.groups.keys());
  const [server, worker] = ROLES.map((role) =>
    deciding.filter((name) => roleOfGroup(name) === role)
  );
  return {
    path,
    document,
    tree,
    places,
    roleGroups: { "control-plane": server!, worker: worker! },
    variables: new Variables({ tree, document, path, files }),
    files,
    skipped: [...tree.warnings, ...ofGroups.warnings, ...ofHosts.warnings],
  };
}
