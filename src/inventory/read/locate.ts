/**
 * Which inventory a command works on.
 *
 * @module
 */

import { dirname, join, resolve } from "node:path";
import { missingError } from "../../errors/user_error.ts";

/** Looked for in each directory from the current one upwards, in this order. */
const INVENTORY_NAMES = [
  "inventory/hosts.yml",
  "ansible/inventory/hosts.yml",
  "hosts.yml",
];

/** Where `init` puts a new inventory, below the current directory. */
export const NEW_INVENTORY = INVENTORY_NAMES[0]!;

/** The inventory named (`-i`, `K3S_TOOL_INVENTORY`), else the nearest; undefined where there is none. */
export async function locateInventoryIfAny(
  { cwd }: { readonly cwd: string },
  named: string | undefined,
): Promise<string | undefined> {
  if (named !== undefined) return resolve(cwd, named);
  for (let directory = resolve(cwd);; directory = dirname(directory)) {
    for (const name of INVENTORY_NAMES) {
      const path = join(directory, name);
      // Also what cannot be read: going on upwards would find somebody else's.
      if (await isThere(path)) return path;
    }
    if (directory === dirname(directory)) return undefined;
  }
}

/**
 * Like {@linkcode locateInventoryIfAny}, where there must be one.
 *
 * @throws {UserError} exit code 3: there is none
 */
export async function locateInventory(
  system: { readonly cwd: string },
  named: string | undefined,
): Promise<string> {
  const found = await locateInventoryIfAny(system, named);
  if (found !== undefined) return found;
  throw missingError(`There is no inventory in ${system.cwd} or above it`, {
    hint: "Make one with: k3s-tool init; or name one with -i FILE or K3S_TOOL_INVENTORY. " +
      `Looked for: ${INVENTORY_NAMES.join(", ")}.`,
  });
}

/** True where something has the name, or a link on the way to it leads nowhere. */
async function isThere(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    const none = error instanceof Deno.errors.NotFound ||
      error instanceof Deno.errors.NotADirectory;
    // Not ours to look at: reading it says so.
    return !none || await danglingLink(path) !== undefined;
  }
}

/** The link that leads nowhere: the path itself, or the directory it is in. */
export async function danglingLink(path: string): Promise<string | undefined> {
  for (const each of [path, dirname(path)]) {
    const info = await Deno.lstat(each).catch(() => undefined);
    if (info?.isSymlink && await Deno.stat(each).then(() => false, () => true)) return each;
  }
  return undefined;
}
