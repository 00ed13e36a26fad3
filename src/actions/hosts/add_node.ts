/**
 * Adds a host to the inventory; without an address, looks it up in the tailnet.
 *
 * @module
 */

import { shellWord } from "../../errors/shell_word.ts";
import { usageError, UserError } from "../../errors/user_error.ts";
import { addHost, type Edit } from "../../inventory/edit/edit.ts";
import type { LoadedContent } from "../../inventory/read/read.ts";
import { findHost, type InventoryHost, type Role } from "../../inventory/model.ts";
import { describeHost, type HostDescription } from "../../inventory/edit/new_host.ts";
import { type Change, editInventory } from "../../inventory/store.ts";
import { sameValue } from "../../yaml/read_value.ts";
import type { System } from "../../process/system.ts";
import type { Tailnet } from "../../tailscale/peer.ts";
import { nodeWarnings } from "../../tailscale/suitability.ts";

/** A host to add; without an address it is looked up by name. */
export type NodeToAdd = Omit<HostDescription, "address" | "role"> & {
  readonly address: string | undefined;
  readonly role: Role | undefined;
};

/** What adding a host did, or would do. */
export interface AddedNode extends Change {
  readonly host: InventoryHost;
}

/**
 * Adds the host.
 *
 * @throws {UserError} exit code 2 where the result would not be valid or the host is there already;
 *   3 or 4 where the address is missing and Tailscale cannot be asked
 */
export async function addNode(
  system: System,
  node: NodeToAdd,
  { file, dryRun = false }: { readonly file: string; readonly dryRun?: boolean },
): Promise<AddedNode> {
  const { cwd, clock, signal } = system;
  const { role } = node;
  if (role === undefined) {
    throw usageError(`The role of ${node.name} is missing`, {
      hint: "Set it with --role control-plane or --role worker.",
    });
  }
  const command = `k3s-tool node add ${shellWord(node.name)}`;
  const { address, notes } = await addressOf(system, node, { command });
  const described = describeHost({ ...node, role, address });
  if ("problems" in described) {
    throw usageError(`${node.name} cannot be added; nothing was written`, {
      problems: described.problems,
    });
  }
  const { host } = described;
  const plan = (content: LoadedContent): Edit => {
    const place = content.places.get(host.name)?.[0];
    if (place === undefined) return addHost(content, host);
    const known = content.inventory.hosts.find((each) => each.name === host.name);
    if (known !== undefined && isSame(known, host)) {
      return {
        documents: new Map(),
        notes: [`${host.name} is already in the inventory with these values.`],
      };
    }
    throw usageError(`${host.name} is already in the inventory`, {
      where: place.where,
      hint: `Change it with: k3s-tool config set KEY VALUE --scope ${shellWord(host.name)}`,
    });
  };
  const outcome = await editInventory(file, plan, { cwd, clock, signal, dryRun });
  return {
    host: findHost(outcome.content.inventory, host.name)!,
    files: outcome.files,
    notes: [...notes, ...outcome.notes],
    warnings: outcome.warnings,
  };
}

function isSame(
  known: InventoryHost,
  host: { role: Role; vars: Record<string, unknown> },
): boolean {
  return known.role === host.role &&
    Object.entries(host.vars).every(([name, value]) =>
      sameValue(known.vars.get(name)?.value, value as never)
    );
}

/**
 * The address, and what could not be checked about it.
 *
 * @param options.command what is typed before the address to give it
 * @throws {UserError} as {@linkcode addNode}
 */
export async function addressOf(
  system: System,
  node: Pick<NodeToAdd, "name" | "address">,
  { command }: { readonly command: string },
): Promise<{ readonly address: string; readonly notes: readonly string[] }> {
  const { lookupAddress, tailnetFor } = await import("../../tailscale/lookup.ts");
  const { name } = node;
  const example = `${command} 100.x.y.z …`;
  const tailnet = await tailnetFor(system, node.address === undefined && { name, example });
  if (tailnet instanceof UserError) {
    const notes = [`Not checked against the tailnet: ${tailnet.message}.`];
    return { address: node.address ?? "", notes };
  }
  const address = node.address ?? lookupAddress(tailnet, name);
  return { address, notes: compare(tailnet, { name, address, now: system.clock.now() }) };
}

/** Warnings of the tailnet about a name and an address. */
function compare(
  tailnet: Tailnet,
  { name, address, now }: {
    readonly name: string;
    readonly address: string;
    readonly now: number;
  },
): string[] {
  const holder = tailnet.peers.find((peer) => peer.ipv4 === address);
  if (holder === undefined) {
    return [...tailnet.gaps, `No machine of the tailnet has the address ${address}.`];
  }
  const names = [holder.name, holder.hostname.toLowerCase(), holder.dnsName?.toLowerCase()];
  return [
    ...nodeWarnings(holder, now),
    ...(names.includes(name.toLowerCase())
      ? []
      : [`In the tailnet, ${address} is ${holder.name}.`]),
  ];
}
