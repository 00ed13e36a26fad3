/**
 * Which inventory a command works on.
 *
 * @module
 */

import { dirname, join, resolve } from "node:path";
import { missingError } from "../errors/user_error.ts";

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
      if (await isFile(path)) return path;
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

async function isFile(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch {
    // Absent, or not ours to read: either way there is none here.
    return false;
  }
}
