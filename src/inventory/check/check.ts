/**
 * What Ansible or k3s would refuse: what holds between the hosts of an inventory (addresses, names, a
 * sensible number of servers), and values against the schemas of their variables.
 *
 * @module
 */

import type { Problem } from "../../errors/user_error.ts";
import { networkContains, networksOverlap, parseIpv4, parseNetwork } from "../ipv4.ts";
import type { ClusterVars, InventoryHost } from "../model.ts";
import { hideSecrets, isSecretName } from "../../errors/secrets.ts";
import type { YamlValue } from "../../yaml/yaml_value.ts";
import { VARIABLE_SCHEMAS } from "../schema.ts";
import { type SourcedVariable, stateOf } from "../read/variables.ts";
import type { YamlNode } from "../../yaml/node.ts";
import { Values } from "../../yaml/read_value.ts";

/** Problems between hosts: one address or one node name for two, addresses outside the tailnet. */
export function checkHosts(hosts: readonly InventoryHost[], network: string): Problem[] {
  const told = new Set<string>();
  return [
    ...duplicates(hosts, { of: (host) => host.tailscaleIp, variable: "tailscale_ip", told }),
    ...duplicates(hosts, { of: sshTarget, variable: "ansible_host", told }),
    ...duplicates(hosts, { of: (host) => host.nodeName, variable: "name of the node", told }),
    ...outside(hosts, network),
  ];
}

/** What is odd but works. */
export function warnOfHosts(hosts: readonly InventoryHost[], file: string): Problem[] {
  const servers = hosts.filter((host) => host.role === "control-plane");
  if (servers.length === 0) {
    return [{
      message: "the inventory has no control plane yet",
      where: { file },
      expected: "a host in the group control_plane before provisioning",
    }];
  }
  if (servers.length % 2 === 0) {
    return [{
      message: `${servers.length} control-plane hosts survive the loss of no more than ${
        servers.length / 2 - 1
      }; one host fewer is as safe`,
      where: servers[0]!.where,
      value: String(servers.length),
      expected: "an odd number: etcd needs a majority",
    }];
  }
  return [];
}

/** Networks of a cluster where nothing else is set (k3s `pkg/cli/cmds/server.go`). */
const DEFAULT_NETWORKS = { k3s_cluster_cidr: "10.42.0.0/16", k3s_service_cidr: "10.43.0.0/16" };

/** Networks of pods and services that were set and overlap each other or the tailnet. */
export function checkNetworks({ vars, tailscaleNetwork }: ClusterVars): Problem[] {
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

/** Longest value a report repeats. */
const MAX_SHOWN = 80;

interface Issue {
  readonly code?: string;
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly issues?: readonly Issue[];
}

/** What is wrong with a variable; nothing where the tool does not know it. */
export function checkVariable(variable: SourcedVariable): Problem[] {
  const schema = VARIABLE_SCHEMAS.get(variable.name);
  if (schema === undefined) return [];
  const result = schema.safeParse(variable.value);
  if (result.success) return [];
  const reported = new Set<string>();
  const problems: Problem[] = [];
  for (const issue of result.error.issues as readonly Issue[]) {
    const path = issue.path.map(String);
    // One sentence for each part: several checks of one text say the same.
    if (reported.has(path.join("\0")) || !isKnown(variable.value, path)) continue;
    reported.add(path.join("\0"));
    problems.push(problemAt(variable, { issue, path }));
  }
  return problems;
}

/** True where the part, and what it lies in, is neither templated nor encrypted. */
function isKnown(value: YamlValue, path: readonly string[]): boolean {
  if (typeof value === "string" || path.length === 0) return stateOf(value) === "plain";
  if (typeof value !== "object" || value === null) return true;
  const part = (value as Record<string, YamlValue>)[path[0]!];
  return part === undefined || isKnown(part, path.slice(1));
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
  const name = [variable.name, ...path].join(".");
  const secret = [variable.name, ...path].some(isSecretName);
  return {
    message: `bad value for ${name} of ${variable.scope}`,
    where: node === undefined || empty
      ? variable.where
      : document.lines.place(document.file, node.start),
    ...(found === undefined || secret ? {} : { value: shorten(hideSecrets(found)) }),
    expected: (key ? issue.issues?.[0]?.message : undefined) ?? issue.message,
  };
}

function nodeAt(
  node: YamlNode,
  { path, key, values }: {
    readonly path: readonly string[];
    readonly key: boolean;
    readonly values: Values;
  },
): YamlNode | undefined {
  const [first, ...rest] = path;
  if (first === undefined) return node;
  const target = values.target(node);
  if (target.kind === "seq") {
    const item = target.items[Number(first)];
    return item === undefined ? undefined : nodeAt(item, { path: rest, key, values });
  }
  if (target.kind !== "map") return node;
  const entry = values.effectiveEntries(target).get(first);
  // A key that is missing: the map it is missing from.
  if (entry === undefined) return node;
  if (key && rest.length === 0) return entry.key;
  return nodeAt(entry.value, { path: rest, key, values });
}

function shorten(text: string): string {
  return text.length <= MAX_SHOWN ? text : `${text.slice(0, MAX_SHOWN)}…`;
}
