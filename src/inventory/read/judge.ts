/**
 * What Ansible or k3s would refuse, and the inventory where it refuses nothing: values by
 * themselves, hosts as nodes, and what holds between them (addresses, names, networks, a sensible
 * number of servers).
 *
 * @module
 */

import { isSecretName } from "../../errors/secrets.ts";
import type { Problem } from "../../errors/user_error.ts";
import { networkContains, networksOverlap, parseIpv4, parseNetwork } from "../ipv4.ts";
import {
  type ClusterVars,
  DEFAULT_NETWORK,
  DEFAULT_NETWORKS,
  type Inventory,
  type InventoryHost,
  ROLE_GROUPS,
  ROLES,
  sharesDatabase,
} from "../model.ts";
import { maskedText } from "../masked.ts";
import { warnOfContradictions } from "./contradictions.ts";
import type { GroupTree } from "./group_tree.ts";
import { roleOfGroup } from "./groups.ts";
import { readHosts } from "./hosts.ts";
import { checkK3sConfig } from "./k3s_config.ts";
import type { Parts } from "./load.ts";
import { plainText, type SourcedVariable, stateOf, type Variables } from "./variables.ts";
import { checkStorage } from "./storage.ts";
import { nodeAt } from "./value_place.ts";
import { CLUSTER_VARIABLES, VARIABLE_SCHEMAS } from "../schema.ts";
import type { ScalarNode, YamlNode } from "../../yaml/node.ts";
import { isDate, sameValue, Values } from "../../yaml/read_value.ts";
import type { YamlValue } from "../../yaml/yaml_value.ts";

/** Makes an inventory of its parts; it may be used only where there is no problem. */
export function judge(
  parts: Parts,
): { readonly inventory: Inventory; readonly problems: readonly Problem[] } {
  const { path, document, tree, roleGroups, variables, skipped } = parts;
  const wrongValues = checkVariables(ownVariables(parts));
  const cluster = readCluster(variables, ROLES.flatMap((role) => roleGroups[role]));
  const { hosts, problems, warnings } = readHosts(parts, cluster.tailscaleNetwork);
  // A value that is wrong by itself is not compared with others too.
  const between = wrongValues.length > 0 ? [] : [
    ...checkHosts(hosts, cluster.tailscaleNetwork),
    ...hosts.flatMap(clusterVariablesOf),
    ...checkNetworks(cluster),
    ...checkStorage(hosts, cluster.vars.get("storage_default_class")),
    ...checkK3sConfig(hosts),
  ];
  return {
    inventory: {
      file: path,
      hosts,
      cluster,
      roleGroups,
      warnings: inOrder([
        ...skipped,
        ...warnings,
        ...warnOfHosts(hosts, { file: document.file, cluster }),
        ...warnOfNames(tree),
        ...warnOfContradictions(hosts, cluster),
      ]),
    },
    problems: inOrder([...wrongValues, ...problems, ...between]),
  };
}

/** Problems by file and line. */
export function inOrder(problems: readonly Problem[]): Problem[] {
  return problems.toSorted((a, b) => {
    const [left, right] = [a.where?.file ?? "", b.where?.file ?? ""];
    if (left !== right) return left < right ? -1 : 1;
    return (a.where?.line ?? 0) - (b.where?.line ?? 0) ||
      (a.where?.column ?? 0) - (b.where?.column ?? 0);
  });
}

/** Every variable where it stands, those too that another one overrides. */
function ownVariables({ tree, places, variables }: Parts): SourcedVariable[] {
  const layers = [
    ...[...tree.groups.keys()].flatMap((name) => variables.ownOfGroup(name)),
    ...[...places.values()].flatMap((each) => variables.ownOfHost(each)),
  ];
  return layers.flatMap((layer) => [...layer.values()]);
}

function readCluster(variables: Variables, roleGroups: readonly string[]): ClusterVars {
  const vars = clusterVariables(variables, roleGroups);
  const get = (name: string) => plainText(vars.get(name)) || undefined;
  return {
    clusterName: get("cluster_name") ?? "k3s",
    k3sVersion: get("k3s_version"),
    apiEndpoint: get("api_endpoint"),
    tailscaleNetwork: get("tailscale_network") ?? DEFAULT_NETWORK,
    gitRepoUrl: get("git_repo_url"),
    gitBranch: get("git_branch") ?? "main",
    gitPath: get("git_path"),
    fluxNamespace: get("flux_namespace") ?? "flux-system",
    vars,
  };
}

/**
 * What `all` sets, and what the groups of both roles have in common: k3s-ansible's inventories keep
 * the variables of the cluster at `k3s_cluster`, around `server` and `agent`.
 */
function clusterVariables(
  variables: Variables,
  roleGroups: readonly string[],
): ReadonlyMap<string, SourcedVariable> {
  const [first, ...others] = roleGroups.map((name) => variables.ofGroup(name));
  const common = [...first ?? []].filter(([name, { value }]) =>
    CLUSTER_VARIABLES.includes(name) &&
    others.every((each) => sameValue(each.get(name)?.value, value))
  );
  return new Map([...variables.ofGroup("all"), ...common]);
}

function warnOfNames(tree: GroupTree): Problem[] {
  const own: readonly string[] = Object.values(ROLE_GROUPS);
  return [...tree.groups.values()].flatMap((group) => {
    const role = roleOfGroup(group.name);
    if (role === undefined || own.includes(group.name)) return [];
    return [{ message: `the group ${group.name} is read as ${role} hosts`, where: group.where }];
  });
}

/** Problems between hosts: one address or one node name for two, addresses outside the tailnet. */
function checkHosts(hosts: readonly InventoryHost[], network: string): Problem[] {
  const told = new Set<string>();
  return [
    ...duplicates(hosts, { of: (host) => host.tailscaleIp, variable: "tailscale_ip", told }),
    ...duplicates(hosts, { of: sshTarget, variable: "ansible_host", told }),
    ...duplicates(hosts, { of: (host) => host.nodeName, variable: "name of the node", told }),
    ...outside(hosts, network),
  ];
}

/** What a host sets for itself though it holds for the whole cluster, as `config set` refuses it. */
function clusterVariablesOf({ name, vars }: InventoryHost): Problem[] {
  const own = [...vars.values()].filter(({ scope }) => scope === name);
  return own.filter((variable) => CLUSTER_VARIABLES.includes(variable.name)).map((variable) => ({
    message: `${variable.name} applies to the whole cluster, not to one host`,
    where: variable.where,
    value: name,
    expected: `${variable.name} among the variables of the group all`,
  }));
}

/** What is odd but works. */
function warnOfHosts(
  hosts: readonly InventoryHost[],
  { file, cluster }: { readonly file: string; readonly cluster: ClusterVars },
): Problem[] {
  const servers = hosts.filter((host) => host.role === "control-plane");
  if (servers.length === 0) {
    return [{
      message: "the inventory has no control plane yet",
      where: { file },
      expected: "a host in the group control_plane before provisioning",
    }];
  }
  if (servers.length % 2 === 0 && !sharesDatabase(cluster)) {
    return [{
      message: `${servers.length} control-plane hosts are no safer than ${servers.length - 1}`,
      where: servers[0]!.where,
      value: String(servers.length),
      expected: "an odd number: etcd needs a majority",
    }];
  }
  return [];
}

/** Networks of pods and services that were set and overlap each other or the tailnet. */
function checkNetworks({ vars, tailscaleNetwork }: ClusterVars): Problem[] {
  const networkOf = (name: keyof typeof DEFAULT_NETWORKS) => {
    const value = vars.get(name)?.value ?? DEFAULT_NETWORKS[name];
    return typeof value === "string" ? value : "";
  };
  const [pods, services] = [networkOf("k3s_cluster_cidr"), networkOf("k3s_service_cidr")];
  const tailnet = { what: "the tailnet (tailscale_network)", network: tailscaleNetwork };
  const pairs = [
    ["k3s_cluster_cidr", pods, { what: "the services (k3s_service_cidr)", network: services }],
    ["k3s_cluster_cidr", pods, tailnet],
    ["k3s_service_cidr", services, { what: "the pods (k3s_cluster_cidr)", network: pods }],
    ["k3s_service_cidr", services, tailnet],
  ] as const;
  const told = new Set<string>();
  return pairs.flatMap(([name, own, { what, network }]) => {
    const variable = vars.get(name);
    const [a, b] = [parseNetwork(own), parseNetwork(network)];
    if (variable === undefined || a === undefined || b === undefined) return [];
    const pair = [own, network].sort().join();
    if (!networksOverlap(a, b) || told.has(pair)) return [];
    told.add(pair);
    return [{
      message: `${name} overlaps the network of ${what}`,
      where: variable.where,
      value: own,
      expected: `a network that shares no address with ${network}`,
    }];
  });
}

function duplicates(
  hosts: readonly InventoryHost[],
  { of, variable, told }: {
    readonly of: (host: InventoryHost) => string | undefined;
    readonly variable: string;
    /** Pairs that were reported already: one machine under two names is one problem. */
    readonly told: Set<string>;
  },
): Problem[] {
  const first = new Map<string, InventoryHost>();
  const problems: Problem[] = [];
  for (const host of hosts) {
    const value = of(host);
    if (value === undefined) continue;
    const other = first.get(value);
    if (other === undefined) {
      first.set(value, host);
      continue;
    }
    const pair = `${other.name}\0${host.name}`;
    if (told.has(pair)) continue;
    told.add(pair);
    const line = other.where.line === undefined ? "" : ` (line ${other.where.line})`;
    problems.push({
      message: `${host.name} and ${other.name}${line} have the same ${variable}`,
      where: host.vars.get(variable)?.where ?? host.where,
      value,
      expected: "one for each host",
    });
  }
  return problems;
}

function sshTarget(host: InventoryHost): string | undefined {
  const port = host.vars.get("ansible_port")?.value;
  if (host.ansibleHost === undefined) return undefined;
  return typeof port === "number" && port !== 22 ? `${host.ansibleHost}:${port}` : host.ansibleHost;
}

function outside(hosts: readonly InventoryHost[], network: string): Problem[] {
  const known = parseNetwork(network);
  if (known === undefined) return [];
  return hosts.flatMap((host) => {
    const address = host.tailscaleIp === undefined ? undefined : parseIpv4(host.tailscaleIp);
    if (address === undefined || networkContains(known, address)) return [];
    return [{
      message: `the tailscale_ip of ${host.name} is outside tailscale_network`,
      where: host.vars.get("tailscale_ip")?.where ?? host.where,
      value: host.tailscaleIp!,
      expected: `an address in ${network}`,
    }];
  });
}

/** What holds the credentials of a registry: whatever is in it, and whatever that is called. */
const CREDENTIALS = "auth";

/** Longest value a report repeats. */
const MAX_SHOWN = 80;

interface Issue {
  readonly code?: string;
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly issues?: readonly Issue[];
  /** Of an `unrecognized_keys`. */
  readonly keys?: readonly string[];
}

/** What is wrong with variables that the tool knows. Hosts have many in common: equal ones are checked once. */
function checkVariables(variables: readonly SourcedVariable[]): Problem[] {
  const right = new Map([...VARIABLE_SCHEMAS.keys()].map((name) => [name, new Set<YamlValue>()]));
  return variables.flatMap((variable) => {
    const { name, value } = variable;
    const schema = VARIABLE_SCHEMAS.get(name);
    if (schema === undefined) return [];
    const dates = datesIn(variable);
    if (dates.length > 0 || right.get(name)!.has(value)) return dates;
    const { error } = schema.safeParse(value);
    if (error !== undefined) return problemsOf(variable, error.issues);
    right.get(name)!.add(value);
    return [];
  });
}

/** What a schema found wrong with a variable. */
function problemsOf(variable: SourcedVariable, issues: readonly Issue[]): Problem[] {
  const reported = new Set<string>();
  const problems: Problem[] = [];
  for (const issue of issues) {
    const path = issue.path.map(String);
    for (const unknown of issue.keys ?? []) {
      problems.push(unknownKey(variable, { issue, path, unknown }));
    }
    if (issue.keys !== undefined) continue;
    // One sentence for each part: several checks of one text say the same.
    if (reported.has(path.join("\0")) || !isKnown(variable.value, path)) continue;
    reported.add(path.join("\0"));
    problems.push(problemAt(variable, { issue, path }));
  }
  return problems;
}

/** Values that are text here and dates to Ansible; not repeated, as one may be a password. */
function datesIn(variable: SourcedVariable): Problem[] {
  const { document, node } = variable;
  if (node.kind === "scalar" && !isDate(node)) return [];
  const values = new Values(document);
  const scalarsOf = (node: YamlNode): ScalarNode[] => {
    const target = values.target(node);
    if (target.kind === "scalar") return [target];
    if (target.kind === "seq") return target.items.flatMap(scalarsOf);
    return [...values.effectiveEntries(target).values()].flatMap(({ value }) => scalarsOf(value));
  };
  return scalarsOf(node).filter(isDate).map((node) => ({
    message: `${variable.name} of ${variable.scope} has a value that Ansible reads as a date`,
    where: document.lines.place(document.file, node.start),
    expected: "quotes around it",
  }));
}

/** True where the part, and what it lies in, is neither templated nor encrypted. */
function isKnown(value: YamlValue, path: readonly string[]): boolean {
  if (typeof value === "string" || path.length === 0) return stateOf(value) === "plain";
  if (typeof value !== "object" || value === null) return true;
  const part = (value as Record<string, YamlValue>)[path[0]!];
  return part === undefined || isKnown(part, path.slice(1));
}

function partOf(value: YamlValue | undefined, path: readonly string[]): YamlValue | undefined {
  return path.reduce<YamlValue | undefined>(
    (part, name) => (part as Record<string, YamlValue> | null | undefined)?.[name],
    value,
  );
}

function problemAt(
  variable: SourcedVariable,
  { issue, path }: { readonly issue: Issue; readonly path: readonly string[] },
): Problem {
  const key = issue.code === "invalid_key";
  const { document } = variable;
  const node = nodeAt(variable.node, { path, key, values: new Values(document) });
  const found = node === undefined ? undefined : document.text.slice(node.start, node.end);
  const empty = node !== undefined && node.start === node.end;
  const missing = !key && path.length > 0 && partOf(variable.value, path) === undefined;
  const name = [variable.name, ...path].join(".");
  const secret = [variable.name, ...path].some((part) =>
    part === CREDENTIALS || isSecretName(part)
  );
  return {
    message: missing
      ? `${name} of ${variable.scope} is missing`
      : `bad value for ${name} of ${variable.scope}`,
    where: node === undefined || empty
      ? variable.where
      : document.lines.place(document.file, node.start),
    ...(found === undefined || secret || missing ? {} : { value: shorten(maskedText(found)) }),
    expected: (key ? issue.issues?.[0]?.message : undefined) ?? issue.message,
  };
}

/** A key that a map of fixed keys does not have: named itself, rather than the map around it. */
function unknownKey(
  variable: SourcedVariable,
  { issue, path, unknown }: {
    readonly issue: Issue;
    readonly path: readonly string[];
    readonly unknown: string;
  },
): Problem {
  const { document } = variable;
  const at = { path: [...path, unknown], key: true, values: new Values(document) };
  const node = nodeAt(variable.node, at);
  return {
    message: `${[variable.name, ...path].join(".")} of ${variable.scope} has an unknown key`,
    where: node === undefined ? variable.where : document.lines.place(document.file, node.start),
    value: shorten(maskedText(unknown)),
    expected: issue.message,
  };
}

function shorten(text: string): string {
  return text.length <= MAX_SHOWN ? text : `${text.slice(0, MAX_SHOWN)}…`;
}
