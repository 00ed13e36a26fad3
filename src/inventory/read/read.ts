/**
 * An inventory for the rest of the program: located, loaded, judged.
 *
 * @module
 */

import { counted } from "../../errors/safe_text.ts";
import { type Problem, usageError, UserError } from "../../errors/user_error.ts";
import { InventoryFiles } from "./inventory_files.ts";
import { inOrder, judge } from "./judge.ts";
import { loadParts, type Parts } from "./load.ts";
import { locateInventory, resolveInventoryFile } from "./locate.ts";
import type { Inventory } from "../model.ts";

/** What {@linkcode loadInventory} found. */
export interface LoadedInventory {
  /** Every problem, by file and line; the inventory is used only where there is none. */
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
  /** Undefined where the file is no inventory at all. */
  readonly content: LoadedContent | undefined;
}

/** An inventory, and the parts it was made of. */
export interface LoadedContent extends Parts {
  readonly inventory: Inventory;
}

/** How a file is read. */
export interface ReadOptions {
  /** Paths below it are shown without it. */
  readonly cwd?: string | undefined;
  /** Reads it through these; default: from disk. */
  readonly files?: InventoryFiles | undefined;
}

/**
 * The inventory that a command works on: the one named with `-i`, else the nearest.
 *
 * @throws {UserError} exit code 3 where there is none, 2 with every problem of it
 */
export async function openInventory(
  { cwd }: { readonly cwd: string },
  named: string | undefined,
): Promise<LoadedContent> {
  return await readContent(await locateInventory({ cwd }, named), { cwd });
}

/**
 * Reads an inventory that must be right.
 *
 * @throws {UserError} exit code 2 with every problem, each with its place
 */
export async function readInventory(file: string, options: ReadOptions = {}): Promise<Inventory> {
  return (await readContent(file, options)).inventory;
}

/**
 * Like {@linkcode readInventory}, with the parts an explanation needs.
 *
 * @throws {UserError} exit code 2 with every problem, each with its place
 */
export async function readContent(file: string, options: ReadOptions = {}): Promise<LoadedContent> {
  const path = await resolveInventoryFile(file, options);
  const files = options.files ?? new InventoryFiles(options);
  const { content, problems } = loadInventory(path, files);
  if (content === undefined || problems.length > 0) {
    throw invalidInventory(files.show(path), problems);
  }
  return content;
}

/** Reads an inventory for a report of what is wrong with it. */
export async function checkInventory(file: string, options: ReadOptions = {}) {
  const path = await resolveInventoryFile(file, options);
  const { content, problems, warnings } = loadInventory(path, new InventoryFiles(options));
  return { inventory: content?.inventory, problems, warnings };
}

/** Reads the file at an absolute path and the variables beside it; content never makes it throw. */
export function loadInventory(path: string, files: InventoryFiles): LoadedInventory {
  const parts = loadParts(path, files);
  if ("problems" in parts) {
    return { problems: inOrder(parts.problems), warnings: [], content: undefined };
  }
  // Judged when it is first asked: an edit looks only at how things are afterwards.
  let judged: ReturnType<typeof judge> | undefined;
  const found = () => judged ??= judge(parts);
  return {
    content: {
      ...parts,
      get inventory() {
        return found().inventory;
      },
    },
    get problems() {
      return found().problems;
    },
    get warnings() {
      return found().inventory.warnings;
    },
  };
}

/** The error for an inventory with problems. */
export function invalidInventory(file: string, problems: readonly Problem[]): UserError {
  const count = counted(problems.length, "problem");
  return usageError(`${file} is not a valid inventory: ${count}`, {
    problems,
    hint: "Correct the places above; nothing was changed.",
  });
}

/**
 * Refuses an inventory nothing can be provisioned from.
 *
 * @throws {UserError} exit code 2: no control plane, or no k3s_version
 */
export function requireProvisionable(inventory: Inventory): void {
  const where = { file: inventory.file };
  if (!inventory.hosts.some((host) => host.role === "control-plane")) {
    throw usageError("The inventory has no host in the control plane", {
      where,
      hint: "Add one: k3s-tool node add HOST ADDRESS --role control-plane",
    });
  }
  const unversioned = inventory.hosts.find((host) => !host.vars.has("k3s_version"));
  if (unversioned !== undefined) {
    throw usageError(`k3s_version is not set for ${unversioned.name}`, {
      where: unversioned.where,
      hint: "Set the release to install: k3s-tool config set k3s_version v1.36.3+k3s1",
    });
  }
}
