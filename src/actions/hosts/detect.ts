/**
 * Looks at what the machines of an inventory are, and keeps what it saw.
 *
 * @module
 */

import * as z from "zod/mini";
import type { RunEvent } from "../../ansible/events/event.ts";
import { MachineFacts } from "../../ansible/events/machine.ts";
import type { PasswordFiles } from "../../ansible/run/invocation.ts";
import { usageError } from "../../errors/user_error.ts";
import { setVariables } from "../../inventory/edit/edit.ts";
import { resolveScope } from "../../inventory/edit/scope.ts";
import { hostNamed, type Inventory, type InventoryHost } from "../../inventory/model.ts";
import { openInventory } from "../../inventory/read/read.ts";
import { editInventory } from "../../inventory/store.ts";
import { writeAtomically } from "../../process/atomic_write.ts";
import { ifThere } from "../../process/lock.ts";
import type { System } from "../../process/system.ts";
import type { Suggestion } from "../../reports/suggestions.ts";
import type { ActionSystem, MayI } from "../action_system.ts";
import { runOnHosts } from "./run_on_hosts.ts";

/** What was seen of a machine, and when (ISO 8601). */
export interface Machine {
  readonly facts: MachineFacts;
  readonly seenAt: string;
}

const Kept = z.object({ seenAt: z.iso.datetime(), facts: MachineFacts });

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
 * Looks at the hosts over ssh, without root and without changing anything, and keeps the facts; the
 * last event is of type `end`.
 *
 * @throws {UserError} see `provision`
 */
export async function* detect(
  system: ActionSystem,
  { inventory, hosts }: {
    readonly inventory: Inventory;
    readonly hosts: readonly InventoryHost[];
  },
  { passwords, mayInstall }: { readonly passwords: PasswordFiles; readonly mayInstall: MayI },
): AsyncGenerator<RunEvent> {
  const events = runOnHosts(system, {
    playbook: "detect",
    inventory,
    hosts,
    limit: hosts.map(({ name }) => name),
    ...passwords,
  }, mayInstall);
  for await (const event of events) {
    const file = event.type === "machine"
      ? fileOf(system, hosts.find(({ name }) => name === event.host))
      : undefined;
    if (event.type === "machine" && file !== undefined) {
      const kept = { seenAt: new Date(system.clock.now()).toISOString(), facts: event.facts };
      await writeAtomically(file, JSON.stringify(kept, null, 2) + "\n", { mode: 0o600 });
    }
    yield event;
  }
}

/** What is kept of a machine; undefined where nobody has looked, or what is kept cannot be read. */
export async function knownMachine(
  system: System,
  host: InventoryHost,
): Promise<Machine | undefined> {
  const file = fileOf(system, host);
  const text = file === undefined ? undefined : await ifThere(Deno.readTextFile(file));
  if (text === undefined) return undefined;
  try {
    return Kept.parse(JSON.parse(text));
  } catch {
    return undefined; // another version's; the next look replaces it
  }
}

/** Writes suggestions into the inventory, as one change. @throws {UserError} see `editInventory` */
export async function applySuggestions(
  { cwd, clock, signal }: System,
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
    { cwd, clock, signal },
  );
}

/** By address: a machine keeps it whatever the inventory calls it. */
function fileOf({ directories }: System, host: InventoryHost | undefined): string | undefined {
  const address = host?.tailscaleIp ?? host?.ansibleHost;
  if (address === undefined || !/^[\w.:-]+$/.test(address)) return undefined;
  return `${directories.state}/machines/${address}.json`;
}
