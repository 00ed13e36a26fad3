/**
 * What holds between the hosts of an inventory: addresses, names, and a sensible number of servers.
 *
 * @module
 */

import type { Problem } from "../../errors/user_error.ts";
import { networkContains, networksOverlap, parseIpv4, parseNetwork } from "../ipv4.ts";
import type { ClusterVars, InventoryHost } from "../model.ts";

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
