/**
 * Takes a k3s that somebody else installed into the inventory, so that `provision` takes it over.
 *
 * @module
 */

import { resolve } from "node:path";
import type { RunEvent } from "../../ansible/events/event.ts";
import type { OptionDifference, PresentFacts } from "../../ansible/events/present.ts";
import { shellWord } from "../../errors/shell_word.ts";
import { usageError, UserError } from "../../errors/user_error.ts";
import { addHost, type Edit, setVariables } from "../../inventory/edit/edit.ts";
import { describeHost, type HostDescription } from "../../inventory/edit/new_host.ts";
import { resolveScope, scopeOf } from "../../inventory/edit/scope.ts";
import { DEFAULT_K3S_VERSION } from "../../inventory/edit/new_inventory.ts";
import {
  DEFAULT_NETWORK,
  findHost,
  type Inventory,
  type InventoryHost,
  ROLE_GROUPS,
} from "../../inventory/model.ts";
import { aliasInventory } from "../../inventory/read/groups.ts";
import { locateInventoryIfAny, NEW_INVENTORY } from "../../inventory/read/locate.ts";
import { type LoadedContent, readContent } from "../../inventory/read/read.ts";
import { type Change, editInventory } from "../../inventory/store.ts";
import type { System } from "../../process/system.ts";
import type { AdoptedHost, Adoption, TakenSetting } from "../../reports/adoption.ts";
import { lookupAddress, tailnetFor } from "../../tailscale/lookup.ts";
import { systemProblem } from "../../tailscale/suitability.ts";
import { isMapValue } from "../../yaml/read_value.ts";
import { VaultValue, type YamlValue } from "../../yaml/yaml_value.ts";
import type { ActionSystem, AnsibleAnswers } from "../action_system.ts";
import { initInventory } from "../config/init_inventory.ts";
import { runOnHosts } from "./run_on_hosts.ts";

/** What a person asks for. */
export interface AdoptRequest {
  /** As given with `-i`; undefined: the nearest, else a new one. */
  readonly inventory: string | undefined;
  /** Names in the tailnet or in the inventory. */
  readonly hosts: readonly string[];
  /** SSH user of hosts that are not in the inventory yet. */
  readonly user: string | undefined;
  /** Of a new inventory. */
  readonly clusterName: string;
}

/** The hosts that are looked at, and the inventory that they come into. */
export interface Wanted {
  readonly file: string;
  /** Undefined where the file is new. */
  readonly inventory: Inventory | undefined;
  readonly hosts: readonly {
    readonly name: string;
    readonly address: string;
    /** Where the inventory has it. */
    readonly host: InventoryHost | undefined;
  }[];
  readonly request: AdoptRequest;
}

/**
 * Finds the hosts in the inventory, else in the tailnet.
 *
 * @throws {UserError} exit code 2 for one that is in neither or cannot run k3s, or an inventory that is not
 *   right, 3 or 4 where the tailnet is needed and cannot be read
 */
export async function wantedHosts(system: System, request: AdoptRequest): Promise<Wanted> {
  const found = await locateInventoryIfAny(system, request.inventory);
  const there = found !== undefined && await Deno.lstat(found).then(() => true, () => false);
  const inventory = there ? (await readContent(found, system)).inventory : undefined;
  const known = (name: string) => inventory && findHost(inventory, name);
  const missing = request.hosts.find((name) => known(name)?.tailscaleIp === undefined);
  const tailnet = missing !== undefined &&
    await tailnetFor(system, {
      name: missing,
      example: `k3s-tool node add ${shellWord(missing)} 100.x.y.z …`,
    });
  const hosts = request.hosts.map((name) => {
    const host = known(name);
    if (host?.tailscaleIp !== undefined) {
      return { name: host.name, address: host.tailscaleIp, host };
    }
    if (!tailnet || tailnet instanceof UserError) throw tailnet;
    const address = lookupAddress(tailnet, name);
    const peer = tailnet.peers.find(({ ipv4 }) => ipv4 === address);
    const problem = peer && systemProblem(peer);
    if (problem !== undefined) {
      throw usageError(problem, {
        hint: "See the machines of the tailnet and their systems with: k3s-tool discover",
      });
    }
    // It may be in the inventory by the name of its node.
    const same = inventory?.hosts.find(({ tailscaleIp }) => tailscaleIp === address);
    return { name: same?.name ?? name, address, host: same ?? host };
  });
  return {
    file: found ?? resolve(system.cwd, NEW_INVENTORY),
    inventory,
    hosts: [...new Map(hosts.map((host) => [host.name, host])).values()],
    request,
  };
}

/**
 * Looks at the k3s of each host, as root and without changing anything; each answer is an event of type
 * `present`.
 *
 * @throws {UserError} see `provision`
 */
export async function* look(
  system: ActionSystem,
  { file, inventory, hosts, request }: Wanted,
  answers: AnsibleAnswers,
): AsyncGenerator<RunEvent> {
  const base = inventory ?? await emptyInventory(system, { file, request });
  const news = hosts.filter(({ host }) => host === undefined);
  const names = hosts.map(({ name }) => name);
  yield* runOnHosts(system, {
    playbook: "adopt",
    inventory: base,
    hosts: hosts.map(({ name, address, host }) => host ?? plainHost(name, { address, file })),
    extraInventory: extraInventory(
      base,
      Object.fromEntries(
        news.map(({ name, address }) => [name, connection(address, request.user)]),
      ),
    ),
    extraVars: { k3s_tool_hosts: names.join(",") },
    ...answers.passwords,
  }, answers.mayInstall);
}

/** What is written, or would be. */
export interface PlannedAdoption extends Change {
  /** The inventory as it is then. */
  readonly inventory: Inventory;
}

/** Writes hosts and settings, or only says what that would come to. @throws {UserError} exit code 2 where the result would not be valid */
export async function writeAdoption(
  system: System,
  { file, inventory, request }: Wanted,
  { adoption, dryRun }: { readonly adoption: Adoption; readonly dryRun: boolean },
): Promise<PlannedAdoption> {
  const news = adoption.hosts.filter(({ host }) => host === undefined)
    .map((host) => describedAs(host, inventory === undefined ? undefined : request.user));
  if (inventory === undefined) {
    const { k3s_version: version, ...vars } = varsOf(adoption.settings);
    return await initInventory(system, {
      clusterName: request.clusterName,
      k3sVersion: typeof version === "string" ? version : DEFAULT_K3S_VERSION,
      tailscaleNetwork: DEFAULT_NETWORK,
      user: request.user,
      vars,
      hosts: news,
    }, { file, overwrite: false, dryRun });
  }
  const { cwd, clock, signal } = system;
  const plan = (content: LoadedContent) => edited(content, { adoption, news });
  const { content, ...change } = await editInventory(file, plan, { cwd, clock, signal, dryRun });
  return { ...change, inventory: content.inventory };
}

/**
 * What `provision` would make of the hosts with an inventory that is not written yet; each answer is an
 * event of type `present` with its differences.
 *
 * @throws {UserError} see `provision`
 */
export function compare(
  system: ActionSystem,
  { planned, adoption }: { readonly planned: Inventory; readonly adoption: Adoption },
  answers: AnsibleAnswers,
): AsyncGenerator<RunEvent> {
  const names = adoption.hosts.map(({ name }) => name);
  const hosts = planned.hosts.filter(({ name }) => names.includes(name));
  return runOnHosts(system, {
    playbook: "provision_cluster",
    inventory: planned,
    hosts,
    extraInventory: plannedInventory(planned, hosts),
    check: true,
    tags: ["preflight", "control_plane", "workers"],
    limit: names,
    ...answers.passwords,
  }, answers.mayInstall);
}

/** What was found of a host, and what would differ there. */
export interface ComparedHost extends AdoptedHost {
  readonly differences: readonly OptionDifference[];
  /** Why k3s has to be restarted; empty where it need not be. */
  readonly restart: string;
}

/** The hosts with what the comparison said. @throws {UserError} where it said nothing of one */
export function comparedHosts(
  hosts: readonly AdoptedHost[],
  found: ReadonlyMap<string, PresentFacts>,
): readonly ComparedHost[] {
  return hosts.map((host) => {
    const { differences, restart } = found.get(host.name) ?? {};
    if (differences === undefined || typeof restart !== "string") {
      throw new UserError(
        `Could not determine what would change on ${host.name}; nothing was written`,
        {
          hint: "See the run's log (k3s-tool runs log), then try again.",
        },
      );
    }
    return { ...host, differences, restart };
  });
}

function edited(
  content: LoadedContent,
  { adoption, news }: { readonly adoption: Adoption; readonly news: readonly HostDescription[] },
): Edit {
  const key = ({ variable, member, value }: TakenSetting) => ({
    key: { variable, members: member === undefined ? [] : [member] },
    value,
  });
  const set = setVariables(content, [
    ...adoption.settings.map((setting) => ({
      scope: scopeOf(content, setting.variable),
      ...key(setting),
    })),
    ...adoption.hosts.filter(({ host }) => host !== undefined).flatMap(({ name, settings }) =>
      settings.map((setting) => ({ scope: resolveScope(content, name), ...key(setting) }))
    ),
  ]);
  const documents = new Map(set.documents);
  const notes = [...set.notes];
  for (const description of news) {
    const described = describeHost(description);
    if ("problems" in described) {
      throw usageError(`${description.name} cannot be added; nothing was written`, described);
    }
    const document = documents.get(content.path) ?? content.document;
    const added = addHost({ ...content, document }, described.host);
    for (const [path, after] of added.documents) documents.set(path, after);
    notes.push(...added.notes);
  }
  return { documents, notes };
}

function describedAs(
  { name, role, address, settings }: AdoptedHost,
  user: string | undefined,
): HostDescription {
  return { name, role, address, user, vars: varsOf(settings) };
}

/** Settings as variables; members as maps. */
function varsOf(settings: readonly TakenSetting[]): Record<string, YamlValue> {
  const vars: Record<string, YamlValue> = {};
  for (const { variable, member, value } of settings) {
    const known = vars[variable];
    vars[variable] = member === undefined
      ? value
      : { ...known !== undefined && isMapValue(known) ? known : {}, [member]: value };
  }
  return vars;
}

async function emptyInventory(
  system: System,
  { file, request }: Pick<Wanted, "file" | "request">,
): Promise<Inventory> {
  const { inventory } = await initInventory(system, {
    clusterName: request.clusterName,
    k3sVersion: DEFAULT_K3S_VERSION,
    tailscaleNetwork: DEFAULT_NETWORK,
    vars: {},
    hosts: [],
  }, { file, overwrite: false, dryRun: true });
  return inventory;
}

function connection(address: string, user: string | undefined): Record<string, YamlValue> {
  const login = user === undefined ? {} : { ansible_user: user };
  return { ansible_host: address, tailscale_ip: address, ...login };
}

/** A host that no inventory has yet. */
function plainHost(
  name: string,
  { address, file }: { readonly address: string; readonly file: string },
): InventoryHost {
  return {
    name,
    nodeName: name,
    role: "worker",
    groups: [],
    tailscaleIp: address,
    ansibleHost: address,
    labels: {},
    taints: [],
    vars: new Map(),
    where: { file },
  };
}

/** What Ansible reads after the person's inventory to know it as it is going to be. */
function plannedInventory(
  planned: Inventory,
  hosts: readonly InventoryHost[],
): string {
  // Maps are written whole; merged with those of groups they are the same.
  const own = (host: InventoryHost) =>
    [...host.vars.values()].filter(({ name, scope }) =>
      scope === host.name || name === "node_labels" || name === "k3s_config"
    ).flatMap(({ name, value }) => plain(value) ? [[name, value] as const] : []);
  const cluster = [...planned.cluster.vars.values()].filter(({ value }) => plain(value))
    .map(({ name, value }) => [name, value] as const);
  return extraInventory(
    planned,
    Object.fromEntries(hosts.map((host) => [host.name, Object.fromEntries(own(host))])),
    { vars: Object.fromEntries(cluster), members: hosts },
  );
}

function plain(value: YamlValue): boolean {
  if (value instanceof VaultValue) return false;
  return typeof value !== "object" || value === null || Object.values(value).every(plain);
}

/** JSON, which is YAML. */
function extraInventory(
  inventory: Inventory,
  hosts: Readonly<Record<string, Readonly<Record<string, YamlValue>>>>,
  { vars = {}, members = [] }: {
    readonly vars?: Readonly<Record<string, YamlValue>>;
    readonly members?: readonly InventoryHost[];
  } = {},
): string {
  const { all } = JSON.parse(aliasInventory(inventory) ?? '{"all":{"hosts":{},"children":{}}}');
  const children = { ...all.children };
  for (const role of ["control-plane", "worker"] as const) {
    const name = ROLE_GROUPS[role];
    const own = members.filter((host) => host.role === role).map((host) => [host.name, {}]);
    children[name] = { ...children[name], hosts: Object.fromEntries(own) };
  }
  const merged = Object.fromEntries(
    [...new Set([...Object.keys(all.hosts), ...Object.keys(hosts)])]
      .map((name) => [name, { ...all.hosts[name], ...hosts[name] }]),
  );
  return JSON.stringify({ all: { hosts: merged, children, vars } }, null, 2) + "\n";
}
