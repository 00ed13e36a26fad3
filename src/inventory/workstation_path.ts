/**
 * Where a path of the workstation leads that an inventory names.
 *
 * @module
 */

import { dirname, resolve } from "node:path";
import type { Directories } from "../process/system.ts";
import type { Inventory } from "./model.ts";

/**
 * The absolute path that a cluster variable names: absolute, with `~`, or beside the inventory; undefined
 * where it is not set, or where only Ansible knows it.
 */
export function workstationPath(
  system: { readonly directories: Directories },
  inventory: Pick<Inventory, "cluster" | "file">,
  name: string,
): string | undefined {
  const variable = inventory.cluster.vars.get(name);
  if (variable?.state !== "plain" || typeof variable.value !== "string" || variable.value === "") {
    return undefined;
  }
  return pathBeside(system, inventory, variable.value);
}

/** The absolute path that a value of the inventory means. */
export function pathBeside(
  { directories }: { readonly directories: Directories },
  { file }: Pick<Inventory, "file">,
  value: string,
): string {
  return resolve(dirname(file), value.replace(/^~(?=\/|$)/, directories.home));
}
