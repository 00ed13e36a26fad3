/**
 * Hosts of an inventory, made to measure.
 *
 * @module
 */

import type { InventoryHost, Role } from "../../src/inventory/model.ts";

/** A host with an address and nothing else said. */
export function inventoryHost(
  name: string,
  address: string | undefined,
  role: Role = "worker",
): InventoryHost {
  return {
    name,
    nodeName: name.toLowerCase(),
    role,
    groups: [],
    ...(address === undefined ? {} : { tailscaleIp: address, ansibleHost: address }),
    labels: {},
    taints: [],
    vars: new Map(),
    where: { file: "hosts.yml", line: 1 },
  };
}
