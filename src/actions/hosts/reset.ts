/**
 * Removes k3s from hosts of an inventory; the cluster is gone afterwards, the inventory stays.
 *
 * @module
 */

import type { RunEvent } from "../../ansible/events/event.ts";
import { forgetKubeconfig } from "./kubeconfig.ts";
import { usageError } from "../../errors/user_error.ts";
import type { Inventory } from "../../inventory/model.ts";
import { openInventory } from "../../inventory/read/read.ts";
import type { ActionSystem, AnsibleAnswers } from "../action_system.ts";
import { runOnHosts } from "./run_on_hosts.ts";
import { checkLimit } from "./limit.ts";

/**
 * Reads the inventory a reset is about. Changes nothing.
 *
 * @throws {UserError} exit code 2 where it is not right, has no hosts, or `limit` names others
 */
export async function planReset(
  system: ActionSystem,
  { inventory: named, limit }: {
    readonly inventory: string | undefined;
    readonly limit: readonly string[];
  },
): Promise<Inventory> {
  const { inventory } = await openInventory(system, named);
  if (inventory.hosts.length === 0) {
    throw usageError("The inventory has no hosts", { where: { file: inventory.file } });
  }
  checkLimit(inventory, limit);
  return inventory;
}

/**
 * Removes k3s and all it made; Tailscale, its rules and everything else on the hosts stays.
 *
 * @throws {UserError} see `provision`
 */
export async function* reset(
  system: ActionSystem,
  inventory: Inventory,
  { limit, check, passwords, mayInstall }: AnsibleAnswers & {
    readonly limit: readonly string[];
    readonly check: boolean;
  },
): AsyncGenerator<RunEvent> {
  const events = runOnHosts(system, {
    playbook: "reset",
    inventory,
    hosts: inventory.hosts,
    limit,
    check,
    ...passwords,
  }, mayInstall);
  for await (const event of events) {
    if (event.type === "end" && event.outcome === "ok" && !check && limit.length === 0) {
      const message = await forgetKubeconfig(system, inventory);
      if (message !== undefined) yield { type: "note", message };
    }
    yield event;
  }
}
