/**
 * Gets the kubeconfig from the first server of the inventory.
 *
 * @module
 */

import type { RunEvent } from "../../ansible/events/event.ts";
import type { PasswordFiles } from "../../ansible/run/invocation.ts";
import { newStoredKubeconfig, storedKubeconfig } from "../../kubeconfig/store.ts";
import { missingError, usageError } from "../../errors/user_error.ts";
import { ifThere } from "../../process/lock.ts";
import { hostsOf, type Inventory } from "../../inventory/model.ts";
import type { ActionSystem, MayI } from "../action_system.ts";
import { runOnHosts } from "./run_on_hosts.ts";

/**
 * Fetches the kubeconfig into the tool's own store and reports progress; the last event is of
 * type `end`.
 *
 * @throws {UserError} exit code 2 where the inventory has no server, 3 where a program is missing,
 *   4 where the tailnet is out of reach
 */
export async function* fetchKubeconfig(
  system: ActionSystem,
  { inventory, passwords, mayInstall }: {
    readonly inventory: Inventory;
    readonly passwords: PasswordFiles;
    readonly mayInstall: MayI;
  },
): AsyncGenerator<RunEvent> {
  const [server] = hostsOf(inventory, "control-plane");
  if (server === undefined) {
    throw usageError("The inventory has no control-plane host to fetch the kubeconfig from", {
      where: { file: inventory.file },
      hint: "Add one with: k3s-tool node add HOST --role control-plane",
    });
  }
  yield* runOnHosts(system, {
    playbook: "kubeconfig",
    inventory,
    hosts: [server],
    extraVars: { k3s_tool_kubeconfig_path: await newStoredKubeconfig(system, inventory.file) },
    ...passwords,
  }, mayInstall);
}

/**
 * The kubeconfig in the tool's own store, as `provision` and {@linkcode fetchKubeconfig} leave it.
 *
 * @throws {UserError} exit code 3 where there is none
 */
export async function readStoredKubeconfig(
  system: ActionSystem,
  inventory: Inventory,
): Promise<string> {
  const text = await ifThere(Deno.readTextFile(await storedKubeconfig(system, inventory.file)));
  if (text !== undefined) return text;
  throw missingError("The kubeconfig of this cluster was not fetched yet", {
    hint: "Fetch it with: k3s-tool kubeconfig; or create the cluster with: k3s-tool provision",
  });
}
