/**
 * Runs a playbook on hosts of an inventory, once the tailnet and this machine are ready for it.
 *
 * @module
 */

import type { RunEvent } from "../../ansible/events/event.ts";
import type { PlaybookOptions } from "../../ansible/run/invocation.ts";
import { runPlaybook } from "../../ansible/run/run_playbook.ts";
import { aliasInventory } from "../../inventory/read/groups.ts";
import type { Inventory, InventoryHost } from "../../inventory/model.ts";
import type { ActionSystem, MayI } from "../action_system.ts";
import { keepMachine } from "./machines.ts";
import { prepareAnsible } from "./ansible_tools.ts";
import { checkTailnet } from "./tailnet_check.ts";

/** A playbook, and the inventory and hosts it is for. */
export interface HostsRun extends Omit<PlaybookOptions, "inventories"> {
  readonly inventory: Inventory;
  /** Hosts that are looked up in the tailnet. */
  readonly hosts: readonly InventoryHost[];
  /** Warnings of the inventory, reported before those of the tailnet. */
  readonly warnings?: readonly string[];
}

/**
 * Checks the hosts against the tailnet, finds or installs Ansible, and runs the playbook; the last
 * event is of type `end`. What the run sees of machines is kept.
 *
 * @throws {UserError} exit code 3 where a program is missing, 4 where the tailnet is out of reach, 1
 *   where another run on this inventory is under way
 */
export async function* runOnHosts(
  system: ActionSystem,
  { inventory, hosts, warnings = [], ...options }: HostsRun,
  mayInstall: MayI,
): AsyncGenerator<RunEvent> {
  const { warnings: tailnetWarnings, hostKeys } = await checkTailnet(system, hosts);
  const tools = await prepareAnsible(system, mayInstall);
  for (const message of warnings) yield { type: "warning", message };
  for (const warning of tailnetWarnings) yield { type: "warning", ...warning };
  const events = runPlaybook(system, {
    ...tools,
    ...options,
    inventory: inventory.file,
    inventories: [inventory.file],
    // Gives the groups the names that the playbooks know.
    extraInventory: aliasInventory(inventory),
    publishedHostKeys: hostKeys,
  });
  for await (const event of events) {
    yield event;
    if (event.type !== "machine") continue;
    try {
      await keepMachine(system, hosts.find(({ name }) => name === event.host), event.facts);
    } catch (error) {
      // What is merely remembered stops no run.
      const why = error instanceof Error ? error.message : String(error);
      yield { type: "warning", host: event.host, message: `What it is cannot be kept: ${why}` };
    }
  }
}
