/**
 * Replaces what keeps a running cluster secret: certificates, the server token, the keys of Secrets.
 *
 * @module
 */

import type { RunEvent } from "../../ansible/events/event.ts";
import { newStoredKubeconfig } from "../../kubeconfig/store.ts";
import { renderProblem } from "../../errors/render_error.ts";
import type { Inventory } from "../../inventory/model.ts";
import { openInventory, requireProvisionable } from "../../inventory/read/read.ts";
import type { ActionSystem, AnsibleAnswers } from "../action_system.ts";
import { withKubeconfig } from "../hosts/provision.ts";
import { runOnHosts } from "../hosts/run_on_hosts.ts";

/** What can be rotated, as its playbook is named. */
export type Rotated = "certs" | "token" | "encryption_keys";

/** The inventory of a rotation. @throws {UserError} exit code 2 where it is not right */
export async function planRotation(
  system: ActionSystem,
  named: string | undefined,
): Promise<Inventory> {
  const { inventory } = await openInventory(system, named);
  requireProvisionable(inventory);
  return inventory;
}

/**
 * Rotates and reports progress; the last event is of type `end`. A run that is cut off is finished by the
 * next one.
 *
 * @throws {UserError} see `provision`
 */
export async function* rotate(
  system: ActionSystem,
  inventory: Inventory,
  { what, check, passwords, mayInstall }: AnsibleAnswers & {
    readonly what: Rotated;
    /** Change nothing, say what would change. */
    readonly check: boolean;
  },
): AsyncGenerator<RunEvent> {
  const stored = await newStoredKubeconfig(system, inventory.file);
  const events = runOnHosts(system, {
    playbook: `rotate_${what}`,
    inventory,
    hosts: inventory.hosts,
    warnings: inventory.warnings.map(renderProblem),
    extraVars: { k3s_tool_kubeconfig_path: stored },
    check,
    ...passwords,
  }, mayInstall);
  if (check) yield* events;
  else {
    const { clusterName: contextName } = inventory.cluster;
    yield* withKubeconfig(system, events, { stored, contextName });
  }
}
