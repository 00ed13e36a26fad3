/**
 * Where the kubeconfig of a cluster that this tool provisioned is kept.
 *
 * @module
 */

import type { System } from "../process/system.ts";

/**
 * Path of the kubeconfig for an inventory; written by `provision`, mode 0600. Its folder (0700) is
 * made where it is not there.
 *
 * @param inventory absolute path of the inventory file
 */
export async function storedKubeconfig(
  { directories }: Pick<System, "directories">,
  inventory: string,
): Promise<string> {
  const folder = `${directories.state}/kubeconfigs`;
  await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(inventory));
  return `${folder}/${new Uint8Array(digest).toHex().slice(0, 16)}.yaml`;
}
