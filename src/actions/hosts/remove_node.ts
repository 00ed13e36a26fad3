/**
 * Takes a node out of the cluster, and its host out of the inventory.
 *
 * @module
 */

import type { RunEvent } from "../../ansible/events/event.ts";
import { betweenRuns } from "../../ansible/run/run_playbook.ts";
import { shellWord } from "../../errors/shell_word.ts";
import { usageError } from "../../errors/user_error.ts";
import {
  etcdMembers,
  findHost,
  hostNamed,
  hostsOf,
  type Inventory,
  type InventoryHost,
  type Role,
  ROLE_NOUNS,
  sharesDatabase,
} from "../../inventory/model.ts";
import { openInventory } from "../../inventory/read/read.ts";
import {
  changeHost,
  type HostChange,
  removeHosts,
  setVariables,
} from "../../inventory/edit/edit.ts";
import { resolveScope } from "../../inventory/edit/scope.ts";
import { editInventory, type EditOutcome } from "../../inventory/store.ts";
import type { ActionSystem, AnsibleAnswers } from "../action_system.ts";
import { addressOf } from "./add_node.ts";
import { kubeconfigWithout } from "./kubeconfig.ts";
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

/** Gives a host another name or role in the inventory alone. @throws {UserError} exit code 2 */
async function changeInInventory(
  system: ActionSystem,
  { inventory, host }: Removal,
  change: HostChange,
  { dryRun = false }: { readonly dryRun?: boolean } = {},
): Promise<EditOutcome> {
  const { cwd, clock, signal } = system;
  const options = { cwd, clock, signal, dryRun };
  const { name } = host;
  return await editInventory(
    inventory.file,
    (content) => changeHost(content, name, change),
    options,
  );
}

/**
 * A host that is to have another role; changes nothing.
 *
 * @throws {UserError} exit code 2 where it has the role, would leave no server, or is not in a group
 *   that k3s-tool can move it out of
 */
export async function planRole(
  system: ActionSystem,
  { inventory: file, host, role }: {
    readonly inventory: string | undefined;
    readonly host: string;
    readonly role: Role;
  },
): Promise<Removal> {
  const [removal] = await planRemovals(system, { inventory: file, hosts: [host] });
  const { name, role: present } = removal!.host;
  if (present === role) {
    throw usageError(`${name} is already a ${present} in the inventory`, {
      hint: `If it is not in the cluster yet, run: k3s-tool provision`,
    });
  }
  const { content } = await changeInInventory(system, removal!, { role }, { dryRun: true });
  if (findHost(content.inventory, name)?.role !== role) {
    throw usageError(`${name} has its role from a group within a group`, {
      where: removal!.host.where,
      hint: "Move it with an editor after: k3s-tool node remove, and then run: k3s-tool provision",
    });
  }
  return removal!;
}

/** A machine that takes the place of another one; changes nothing. @throws {UserError} exit code 2 */
export async function planReplacement(
  system: ActionSystem,
  { inventory: file, host, name, address }: {
    readonly inventory: string | undefined;
    readonly host: string;
    readonly name: string;
    readonly address: string | undefined;
  },
): Promise<{ readonly removal: Removal; readonly change: HostChange }> {
  const { inventory } = await openInventory(system, file);
  const resume = "k3s-tool provision";
  const removal = { inventory, host: hostBefore(inventory, { host, name, resume }) };
  const command = `k3s-tool node replace ${shellWord(host)} ${shellWord(name)}`;
  const found = await addressOf(system, { name, address }, { command });
  const vars = { ansible_host: found.address, tailscale_ip: found.address };
  const change = { name, vars };
  await changeInInventory(system, removal, change, { dryRun: true });
  return { removal, change };
}

/**
 * The host that is to get another name. The inventory is changed before the machine joins: where a run was
 * cut off in between, its command does not find the host any more.
 *
 * @throws {UserError} exit code 2 where there is no such host, naming what continues such a run
 */
function hostBefore(
  inventory: Inventory,
  { host, name, resume }: {
    readonly host: string;
    readonly name: string;
    readonly resume: string;
  },
): InventoryHost {
  if (findHost(inventory, host) === undefined && findHost(inventory, name) !== undefined) {
    throw usageError(`The inventory has ${name} instead of ${host}`, {
      where: { file: inventory.file },
      hint: `If an earlier run was interrupted, finish it with: ${resume}`,
    });
  }
  return hostNamed(inventory, host);
}

/**
 * A worker that gets another name; changes nothing.
 *
 * @throws {UserError} exit code 2 where it is a server, or the name is taken
 */
export async function planRename(
  system: ActionSystem,
  { inventory: file, host, name }: {
    readonly inventory: string | undefined;
    readonly host: string;
    readonly name: string;
  },
): Promise<{ readonly removal: Removal; readonly change: EditOutcome }> {
  const { inventory } = await openInventory(system, file);
  const resume = "k3s-tool provision --remove-renamed";
  const removal = { inventory, host: hostBefore(inventory, { host, name, resume }) };
  if (removal.host.role === "control-plane") {
    throw usageError(`${removal.host.name} is a server; k3s-tool renames only workers`, {
      hint: "Remove it, give the machine its new name, and add it again.",
    });
  }
  return { removal, change: await changeInInventory(system, removal, { name }, { dryRun: true }) };
}

/**
 * Gives a host the name that was planned, before the run in which it joins under that.
 *
 * @throws {UserError} exit code 1 where another run is under way: nothing is changed then
 */
export function renameInInventory(
  system: ActionSystem,
  removal: Removal,
  name: string,
): Promise<EditOutcome> {
  return betweenRuns(
    system,
    removal.inventory.file,
    () => changeInInventory(system, removal, { name }),
  );
}

/** A machine that has another address in the tailnet. */
export interface Move {
  readonly host: InventoryHost;
  readonly address: string;
  /** The edit, written unless it was a dry run. */
  readonly change: EditOutcome;
  /** k3s cannot give a member of etcd another address: the server has to leave and join again. */
  readonly rejoins: boolean;
}

/**
 * Gives a host another address in the inventory: `tailscale_ip`, and `ansible_host` where it was the
 * same. One that has it already is left as it is, so that the next step can be tried again.
 *
 * @param request.address default: the one that the tailnet has for the host's name
 * @throws {UserError} exit code 2 where there is no such host, or the address is not right; 1 where another
 *   run is under way
 */
export async function moveHost(
  system: ActionSystem,
  request: {
    readonly inventory: string | undefined;
    readonly host: string;
    readonly address: string | undefined;
  },
  { dryRun }: { readonly dryRun: boolean },
): Promise<Move> {
  const { inventory } = await openInventory(system, request.inventory);
  const host = hostNamed(inventory, request.host);
  const { name, tailscaleIp, ansibleHost } = host;
  const command = `k3s-tool node set-ip ${shellWord(name)}`;
  const { address, notes } = await addressOf(
    system,
    { name, address: request.address },
    { command },
  );
  const variables = address === tailscaleIp
    ? []
    : ["tailscale_ip", ...ansibleHost === tailscaleIp ? ["ansible_host"] : []];
  const { cwd, clock, signal } = system;
  const edit = () =>
    editInventory(inventory.file, (content) => {
      const scope = resolveScope(content, name);
      return setVariables(
        content,
        variables.map((variable) => ({ scope, key: { variable, members: [] }, value: address })),
      );
    }, { cwd, clock, signal, dryRun });
  const change = dryRun ? await edit() : await betweenRuns(system, inventory.file, edit);
  return {
    host: hostNamed(change.content.inventory, name),
    address,
    change: { ...change, notes: [...notes, ...change.notes] },
    rejoins: etcdMembers(inventory).includes(host),
  };
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
  { gone, check, passwords, mayInstall, change }: AnsibleAnswers & {
    readonly gone: boolean;
    readonly check: boolean;
    /** What becomes of the host in the inventory; without it, it is removed. */
    readonly change?: HostChange;
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
    if (event.type === "end" && event.outcome === "ok") {
      if (check) {
        for (const message of plannedChanges(inventory, host, change)) {
          yield { type: "note", message };
        }
      } else if (change === undefined) {
        await removeFromInventory(system, { inventory, names: [host.name] }, { dryRun: false });
        yield { type: "note", message: `Removed ${host.name} from ${inventory.file}` };
        const message = await kubeconfigWithout(system, { inventory, host });
        if (message !== undefined) yield { type: "note", message };
      } else {
        const { notes } = await changeInInventory(system, { inventory, host }, change);
        for (const message of notes) yield { type: "note", message };
        yield { type: "note", message: `Changed ${host.name} in ${inventory.file}` };
      }
    }
    yield event;
  }
}

/** What a removal would change beside the cluster and the host. */
function plannedChanges(
  inventory: Inventory,
  host: InventoryHost,
  change: HostChange | undefined,
): readonly string[] {
  if (change === undefined) return [`${host.name} would be removed from ${inventory.file}`];
  const name = change.name ?? host.name;
  const role = change.role ?? host.role;
  const servers = hostsOf(inventory, "control-plane").filter((each) => each !== host);
  return [
    `${host.name} would be changed in ${inventory.file}`,
    `${name} would join the cluster as a ${ROLE_NOUNS[role]}`,
    ...role === "control-plane" && servers.length === 1 && !sharesDatabase(inventory.cluster)
      ? [
        `If ${
          servers[0]!.name
        } keeps the cluster's data in SQLite, it would be migrated to etcd; this cannot be undone`,
      ]
      : [],
  ];
}
