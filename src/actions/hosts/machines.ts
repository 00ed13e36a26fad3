/**
 * What is known of machines: kept from each look at them, by address, with its time.
 *
 * @module
 */

import * as z from "zod/mini";
import { MachineFacts } from "../../ansible/events/machine.ts";
import type { InventoryHost } from "../../inventory/model.ts";
import { writeAtomically } from "../../process/atomic_write.ts";
import type { System } from "../../process/system.ts";

const Machine = z.object({ seenAt: z.iso.datetime(), facts: MachineFacts });

/** What was seen of a machine, and when (ISO 8601). */
export type Machine = Readonly<z.infer<typeof Machine>>;

/** Keeps what was just seen of a machine; a host whose address only Ansible knows is left out. */
export async function keepMachine(
  system: System,
  host: InventoryHost | undefined,
  facts: MachineFacts,
): Promise<void> {
  const address = addressOf(host);
  if (address === undefined) return;
  const machine: Machine = { seenAt: new Date(system.clock.now()).toISOString(), facts };
  await writeAtomically(
    fileOf(system, address),
    JSON.stringify(machine, null, 2) + "\n",
    { mode: 0o600 },
  );
}

/** What is kept of a host of the inventory; undefined where nobody has looked. */
export async function knownMachine(
  system: System,
  host: InventoryHost,
): Promise<Machine | undefined> {
  const address = addressOf(host);
  return address === undefined ? undefined : await machineAt(system, address);
}

/** The largest file that this module writes has some KiB, in bytes. */
const LIMIT = 1 << 20;

/** What is kept of the machine with an address; undefined too where the file cannot be read. */
export async function machineAt(system: System, address: string): Promise<Machine | undefined> {
  const file = fileOf(system, address);
  try {
    const { isFile, size } = await Deno.stat(file);
    // A pipe or a device in its place would be read for ever.
    if (!isFile || size > LIMIT) return undefined;
    const machine = Machine.parse(JSON.parse(await Deno.readTextFile(file)));
    const seen = new Date(machine.seenAt);
    return seen.getTime() <= system.clock.now()
      ? { ...machine, seenAt: seen.toISOString() }
      : undefined;
  } catch {
    return undefined; // not there, out of reach, or another version's: the next look replaces it
  }
}

/** By address: a machine keeps it whatever the inventory calls it. */
function addressOf(host: InventoryHost | undefined): string | undefined {
  const address = host?.tailscaleIp ?? host?.ansibleHost;
  return address !== undefined && /^[\w.:-]+$/.test(address) ? address : undefined;
}

function fileOf({ directories }: System, address: string): string {
  return `${directories.state}/machines/${address}.json`;
}
