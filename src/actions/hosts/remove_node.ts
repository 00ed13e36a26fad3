/**
 * Takes a node out of the cluster, and its host out of the inventory.
 *
 * @module
 */

import type { RunEvent } from "../../ansible/events/event.ts";
import { usageError } from "../../errors/user_error.ts";
import { hostNamed, hostsOf, type Inventory, type InventoryHost } from "../../inventory/model.ts";
import { openInventory } from "../../inventory/read/read.ts";
import { removeHosts } from "../../inventory/edit/edit.ts";
import { editInventory, type EditOutcome } from "../../inventory/store.ts";
import type { ActionSystem, AnsibleAnswers } from "../action_system.ts";
import { runOnHosts } from "./run_on_hosts.ts";

/** What a person asks for. */
export interface RemovalRequest {
  /** As given with `-i`; undefined: the nearest. */
  readonly inventory: string | undefined;
  /** Names in the inventory, or of the nodes. */
  readonly hosts: readonly string[];
}

/** A removal that may be done. */
export interface Removal {
  readonly inventory: Inventory;
  readonly host: InventoryHost;
}

/**
 * Finds the hosts and refuses what would end the cluster. Changes nothing.
 *
 * @throws {UserError} exit code 2 where there is no such host, or no server would be left
 */
export async function planRemovals(
  system: ActionSystem,
  request: RemovalRequest,
): Promise<readonly Removal[]> {
  const { inventory } = await openInventory(system, request.inventory);
  const hosts = [...new Set(request.hosts.map((name) => hostNamed(inventory, name)))];
  const servers = hosts.filter(({ role }) => role === "control-plane");
  if (servers.length > 0 && servers.length === hostsOf(inventory, "control-plane").length) {
    const [server] = servers;
    const message = servers.length === 1
      ? `${server!.name} is the only server; removing it would delete the cluster`
      : `${
        servers.map(({ name }) => name).join(", ")
      } are all the servers; removing them would delete the cluster`;
    throw usageError(message, {
      where: server!.where,
      hint: "Add another server first (k3s-tool node add HOST --role control-plane, then " +
        "k3s-tool provision), or remove the whole cluster: k3s-tool reset.",
    });
  }
  return hosts.map((host) => ({ inventory, host }));
}

/** Removes hosts from the inventory alone, all or none; no network is needed. */
export function removeFromInventory(
  system: ActionSystem,
  { inventory, names }: { readonly inventory: Inventory; readonly names: readonly string[] },
  { dryRun }: { readonly dryRun: boolean },
): Promise<EditOutcome> {
  const { cwd, clock, signal } = system;
  return editInventory(inventory.file, (content) => removeHosts(content, names), {
    cwd,
    clock,
    signal,
    dryRun,
  });
}

/**
 * Drains the node, deletes it and its password secret, uninstalls k3s on the host, and edits the
 * inventory last: whatever fails before, the next call goes on from there.
 *
 * @param options.gone the machine no longer exists: nothing is done on it
 * @param options.check change nothing, say what would change
 * @throws {UserError} see `provision`; and exit code 2 where the edit is refused
 */
export async function* removeNode(
  system: ActionSystem,
  { inventory, host }: Removal,
  { gone, check, passwords, mayInstall }: AnsibleAnswers & {
    readonly gone: boolean;
    readonly check: boolean;
  },
): AsyncGenerator<RunEvent> {
  const others = inventory.hosts.filter(({ role, name }) =>
    name !== host.name && role === "control-plane"
  );
  const events = runOnHosts(system, {
    playbook: "remove_node",
    inventory,
    hosts: gone ? others : [...others, host],
    extraVars: { k3s_tool_node: host.name, k3s_tool_host_gone: gone },
    check,
    ...passwords,
  }, mayInstall);
  for await (const event of events) {
    if (event.type === "end" && event.outcome === "ok" && !check) {
      await removeFromInventory(system, { inventory, names: [host.name] }, { dryRun: false });
      yield { type: "note", message: `Removed ${host.name} from ${inventory.file}` };
    }
    yield event;
  }
}
