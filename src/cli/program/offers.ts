/**
 * Values a shell can offer at Tab: names from the inventory, keys of variables.
 *
 * @module
 */

import { locateInventoryIfAny } from "../../inventory/read/locate.ts";
import { hostsOf, ROLES } from "../../inventory/model.ts";
import { readInventory } from "../../inventory/read/read.ts";
import { CLUSTER_VARIABLES, HOST_VARIABLES } from "../../inventory/schema.ts";
import type { Completes } from "./command.ts";
import type { Context } from "./context.ts";

/** Values by what they stand for. A shell completes file names by itself. */
export type Offers = Readonly<Record<Completes, readonly string[]>>;

/** Looks them up; an inventory that cannot be read offers nothing, as Tab is no place for errors. */
export async function lookUpOffers(
  context: Context,
  named: string | undefined,
): Promise<Offers> {
  return {
    file: [],
    host: await hostNames(context, named),
    "config-key": [...new Set([...HOST_VARIABLES, ...CLUSTER_VARIABLES])].sort(),
  };
}

async function hostNames(context: Context, named: string | undefined): Promise<readonly string[]> {
  try {
    const file = await locateInventoryIfAny(context, named);
    if (file === undefined) return [];
    const inventory = await readInventory(file, { cwd: context.cwd });
    return ROLES.flatMap((role) => hostsOf(inventory, role)).map(({ name }) => name);
  } catch {
    return [];
  }
}
