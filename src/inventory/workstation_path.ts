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
  { directories }: { readonly directories: Directories },
  { cluster, file }: Pick<Inventory, "cluster" | "file">,
  name: string,
): string | undefined {
  const variable = cluster.vars.get(name);
  if (variable?.state !== "plain" || typeof variable.value !== "string" || variable.value === "") {
    return undefined;
  }
  return resolve(dirname(file), variable.value.replace(/^~(?=\/|$)/, directories.home));
}
