/**
 * Runs a playbook on hosts of an inventory, once the tailnet and this machine are ready for it.
 *
 * @module
 */

import type { ActionSystem, MayI } from "../action_system.ts";
import { prepareAnsible } from "./ansible_tools.ts";
import { keepMachine } from "./machines.ts";
import type { RunEvent } from "../../ansible/events/event.ts";
import type { PlaybookOptions } from "../../ansible/run/invocation.ts";
import { publishedHostKeys } from "../../ansible/run/known_hosts.ts";
import { type Ended, recordRun, type RunSession } from "../../ansible/run/run_playbook.ts";
import { UserError } from "../../errors/user_error.ts";
import type { Inventory, InventoryHost } from "../../inventory/model.ts";
import { aliasInventory } from "../../inventory/read/groups.ts";
import { type Clock, shownTime } from "../../process/system.ts";
import { readTailnet, type TailnetSource } from "../../tailscale/discover.ts";
import type { Tailnet } from "../../tailscale/peer.ts";
import { keyWarning } from "../../tailscale/suitability.ts";

/** A playbook, and the inventory and hosts it is for. */
export interface HostsRun extends Omit<PlaybookOptions, "inventories"> {
  readonly inventory: Inventory;
  /** Hosts that are looked up in the tailnet. */
  readonly hosts: readonly InventoryHost[];
  /** Warnings of the inventory, reported before those of the tailnet. */
  readonly warnings?: readonly string[];
  /** What Ansible reads after the inventory; default: what gives its groups the names that the playbooks know. */
  readonly extraInventory?: string | undefined;
}

/** Runs a playbook on hosts as a part of a run. */
export type Play = (
  options: Omit<PlaybookOptions, "inventories">,
) => AsyncGenerator<RunEvent, Ended>;

/**
 * Checks the hosts against the tailnet, finds or installs Ansible, and runs the playbook; the last
 * event is of type `end`. What the run sees of machines is kept.
 *
 * @throws {UserError} exit code 3 where a program is missing, 4 where the tailnet is out of reach, 1
 *   where another run on this inventory is under way
 */
export function runOnHosts(
  system: ActionSystem,
  { inventory, hosts, warnings, extraInventory, ...options }: HostsRun,
  mayInstall: MayI,
): AsyncGenerator<RunEvent, void> {
  const { playbook, check = false } = options;
  const run = { inventory, hosts, warnings, extraInventory, playbook, check };
  return recordOnHosts(system, run, mayInstall, ({ play }) => play(options));
}

/** Like {@linkcode runOnHosts}, one run of as many playbooks as its body plays. @throws {UserError} */
export async function* recordOnHosts(
  system: ActionSystem,
  { inventory, hosts, warnings = [], extraInventory, playbook, check }:
    & Pick<HostsRun, "inventory" | "hosts" | "extraInventory">
    & {
      readonly warnings?: readonly string[] | undefined;
      readonly playbook: string;
      readonly check: boolean;
    },
  mayInstall: MayI,
  body: (
    session: { readonly play: Play; readonly keep: RunSession["keep"] },
  ) => AsyncGenerator<RunEvent, Ended>,
): AsyncGenerator<RunEvent, void> {
  const { warnings: tailnetWarnings, hostKeys } = await checkTailnet(system, hosts);
  const tools = await prepareAnsible(system, mayInstall);
  for (const message of warnings) yield { type: "warning", message };
  for (const warning of tailnetWarnings) yield { type: "warning", ...warning };
  const { file } = inventory;
  const events = recordRun(
    system,
    { playbook, inventory: file, check },
    ({ play, keep }) =>
      body({
        keep,
        play: (options) =>
          play({
            ...tools,
            ...options,
            inventory: file,
            inventories: [file],
            extraInventory: extraInventory ?? aliasInventory(inventory),
            publishedHostKeys: hostKeys,
          }),
      }),
  );
  for await (const event of events) {
    yield event;
    if (event.type !== "machine") continue;
    try {
      await keepMachine(system, hosts.find(({ name }) => name === event.host), event.facts);
    } catch (error) {
      // What is merely remembered stops no run.
      const why = error instanceof Error ? error.message : String(error);
      const message = `The facts of this machine could not be saved: ${why}`;
      yield { type: "warning", host: event.host, message };
    }
  }
}

/** What was found. */
export interface TailnetCheck {
  readonly warnings: readonly { readonly host?: string; readonly message: string }[];
  /** known_hosts lines; undefined where the tailnet could not be read. */
  readonly hostKeys?: string;
}

/**
 * Looks up every host in the tailnet.
 *
 * A host that is offline is a warning: it fails alone and the others continue.
 *
 * @throws {UserError} exit code 3 or 4 where Tailscale cannot be asked and a host is reached by it
 */
async function checkTailnet(
  system: TailnetSource & { readonly clock: Clock },
  hosts: readonly InventoryHost[],
): Promise<TailnetCheck> {
  let tailnet: Tailnet;
  try {
    tailnet = await readTailnet(system);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    if (hosts.some(isReachedByTailnet)) {
      throw new UserError(`The hosts cannot be reached from this machine: ${error.message}`, {
        exitCode: error.exitCode,
        hint: error.hint,
        cause: error,
      });
    }
    return {
      warnings: [{
        message: `${error.message}. Continuing, because no host uses a Tailscale address for SSH.`,
      }],
    };
  }
  return {
    warnings: hosts.flatMap((host) => hostWarnings(host, tailnet, system.clock.now())),
    hostKeys: publishedHostKeys(tailnet.peers),
  };
}

function isReachedByTailnet(host: InventoryHost): boolean {
  if (host.vars.get("ansible_connection")?.value === "local") return false;
  return host.ansibleHost === undefined || host.ansibleHost === host.tailscaleIp ||
    host.ansibleHost === host.name;
}

function hostWarnings(
  host: InventoryHost,
  { peers }: Tailnet,
  now: number,
): readonly { host: string; message: string }[] {
  if (host.tailscaleIp === undefined) return [];
  const peer = peers.find(({ ipv4 }) => ipv4 === host.tailscaleIp);
  const say = (message: string) => [{ host: host.name, message }];
  if (peer === undefined) {
    return say(`no machine of this tailnet has the address ${host.tailscaleIp}`);
  }
  if (!peer.online && !peer.isSelf) {
    const since = peer.lastSeen === undefined ? "" : `, last seen ${shownTime(peer.lastSeen)}`;
    return say(`offline in the tailnet${since}; it will fail, the others continue`);
  }
  const key = keyWarning(peer, now);
  return key === undefined ? [] : say(key);
}
