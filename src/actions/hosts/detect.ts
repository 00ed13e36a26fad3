/**
 * Looks at what the machines of an inventory are, and suggests settings by it.
 *
 * @module
 */

import type { RunEvent } from "../../ansible/events/event.ts";
import { usageError } from "../../errors/user_error.ts";
import { setVariables } from "../../inventory/edit/edit.ts";
import { resolveScope } from "../../inventory/edit/scope.ts";
import { hostNamed, type Inventory, type InventoryHost } from "../../inventory/model.ts";
import { openInventory } from "../../inventory/read/read.ts";
import { editInventory } from "../../inventory/store.ts";
import type { System } from "../../process/system.ts";
import type { Suggestion } from "../../reports/suggestions.ts";
import type { ActionSystem, AnsibleAnswers } from "../action_system.ts";
import { runOnHosts } from "./run_on_hosts.ts";

/** The hosts to look at: those named, else all. @throws {UserError} exit code 2 for an unknown one */
export async function hostsToDetect(
  system: System,
  request: { readonly inventory: string | undefined; readonly hosts: readonly string[] },
): Promise<{ readonly inventory: Inventory; readonly hosts: readonly InventoryHost[] }> {
  const { inventory } = await openInventory(system, request.inventory);
  const { hosts } = request;
  if (inventory.hosts.length === 0) {
    throw usageError("The inventory has no machines", {
      hint: "Add one: k3s-tool node add HOST --role worker",
    });
  }
  return {
    inventory,
    hosts: hosts.length === 0
      ? inventory.hosts
      : [...new Set(hosts.map((name) => hostNamed(inventory, name)))],
  };
}

/**
 * Looks at the hosts over ssh, without root and without changing anything; each answer is an event of
 * type `machine`, and kept.
 *
 * @throws {UserError} see `provision`
 */
export function detect(
  system: ActionSystem,
  { inventory, hosts }: {
    readonly inventory: Inventory;
    readonly hosts: readonly InventoryHost[];
  },
  { passwords, mayInstall }: AnsibleAnswers,
): AsyncGenerator<RunEvent> {
  return runOnHosts(system, {
    playbook: "detect",
    inventory,
    hosts,
    limit: hosts.map(({ name }) => name),
    ...passwords,
  }, mayInstall);
}

/** Writes suggestions into the inventory, as one change. @throws {UserError} see `editInventory` */
export async function applySuggestions(
  system: System,
  file: string,
  suggestions: readonly Suggestion[],
): Promise<void> {
  if (suggestions.length === 0) return;
  await editInventory(
    file,
    (content) =>
      setVariables(
        content,
        suggestions.map(({ host, variable, value }) => ({
          scope: resolveScope(content, host),
          key: { variable, members: [] },
          value,
        })),
      ),
    system,
  );
}
