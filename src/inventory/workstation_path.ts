/**
 * Paths of the workstation that an inventory names: how they are written, and where they lead.
 *
 * @module
 */

import { dirname, resolve } from "node:path";
import * as z from "zod/mini";
import type { Directories } from "../process/system.ts";
import type { Inventory } from "./model.ts";

const PATH = "a path on this machine";

/** A file of the workstation: absolute, with `~`, or beside the inventory. */
export const FILE = z.string(PATH).check(
  // A key or token itself has line breaks, or no business here.
  z.regex(/^(?!AGE-SECRET-KEY-|gh[ps]_|github_pat_|glpat-|https?:\/\/)[^\n\0]*$/, PATH),
);

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
