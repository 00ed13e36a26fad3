/**
 * Where the kubeconfig of a cluster that this tool provisioned is kept.
 *
 * @module
 */

import { sha256 } from "../process/digest.ts";
import type { System } from "../process/system.ts";

/**
 * Path of the kubeconfig for an inventory; written by `provision`, mode 0600. Nothing is made.
 *
 * @param inventory absolute path of the inventory file
 */
export async function storedKubeconfig(
  { directories }: Pick<System, "directories">,
  inventory: string,
): Promise<string> {
  return `${folderOf(directories)}/${(await sha256(inventory)).slice(0, 16)}.yaml`;
}

/** Like {@linkcode storedKubeconfig}, for whoever writes it: its folder (0700) is made. */
export async function newStoredKubeconfig(
  system: Pick<System, "directories">,
  inventory: string,
): Promise<string> {
  await Deno.mkdir(folderOf(system.directories), { recursive: true, mode: 0o700 });
  return await storedKubeconfig(system, inventory);
}

function folderOf({ state }: System["directories"]): string {
  return `${state}/kubeconfigs`;
}
