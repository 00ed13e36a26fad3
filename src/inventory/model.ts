/**
 * What an inventory says, as immutable values. No I/O and no library here, so that anything may
 * import these types at no cost.
 *
 * @module
 */

import { didYouMean } from "../errors/nearest.ts";
import { type Place, type Problem, usageError } from "../errors/user_error.ts";
import type { YamlValue } from "../yaml/yaml_value.ts";

/** What a host is in the cluster. */
export type Role = "control-plane" | "worker";

/** Both roles, in the order they are provisioned. */
export const ROLES = ["control-plane", "worker"] as const satisfies readonly Role[];

/** The group each role has in inventories this tool writes. */
export const ROLE_GROUPS = { "control-plane": "control_plane", worker: "workers" } as const;

/** What a host of each role is called in a sentence. */
export const ROLE_NOUNS = { "control-plane": "server", worker: "worker" } as const;

/** Addresses of Tailscale, unless the tailnet is told otherwise. */
export const DEFAULT_NETWORK = "100.64.0.0/10";

/** How problems of the cluster may be reported. */
export const NOTIFY_FORMATS = ["ntfy", "webhook", "mail"] as const;

/** Types of values that a person may name on the command line. */
export const VALUE_TYPES = ["string", "int", "bool", "json"] as const;

/** One of {@linkcode VALUE_TYPES}. */
export type ValueType = typeof VALUE_TYPES[number];

/** How far a value is known before Ansible runs. */
export type ValueState =
  /** As it stands. */
  | "plain"
  /** Holds a Jinja expression. */
  | "templated"
  /** Encrypted, or under a tag of Ansible's own. */
  | "vault";

/** One variable and where it comes from. */
export interface Variable {
  readonly name: string;
  readonly value: YamlValue;
  readonly state: ValueState;
  /** File, line and column of the value that wins by Ansible's precedence. */
  readonly where: Place;
  /** The group or host that sets it: `"all"`, `"workers"`, `"dgx"`; the most specific of them. */
  readonly scope: string;
  /** Where several scopes were merged (`node_labels`…): each of them, the weakest first. */
  readonly parts?: readonly Variable[];
}

/** A taint, as Kubernetes has it. */
export interface Taint {
  readonly key: string;
  readonly value?: string;
  readonly effect: "NoSchedule" | "PreferNoSchedule" | "NoExecute";
}

/** One host that becomes a node of the cluster. */
export interface InventoryHost {
  /** Name in the inventory. */
  readonly name: string;
  /** Name of its Kubernetes node: the name in lower case, anything but `[a-z0-9.-]` as `-`. */
  readonly nodeName: string;
  readonly role: Role;
  /** All groups it is in, nearest last; never `all`. */
  readonly groups: readonly string[];
  /** IPv4 address in the tailnet; undefined only where it is templated or encrypted. */
  readonly tailscaleIp?: string | undefined;
  /** Where ssh connects; the name where nothing else is said, undefined where it is templated. */
  readonly ansibleHost?: string | undefined;
  /** `ansible_user`. */
  readonly user?: string | undefined;
  /** `reserved_cpu`, a Kubernetes quantity: `"2"`, `"500m"`. */
  readonly reservedCpu?: string | undefined;
  /** `reserved_memory`, a Kubernetes quantity: `"4Gi"`. */
  readonly reservedMemory?: string | undefined;
  /** `gpu`; undefined where the inventory leaves it to detection. */
  readonly gpu?: boolean | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly Taint[];
  /** Every effective variable by Ansible's precedence, templated and encrypted ones too. */
  readonly vars: ReadonlyMap<string, Variable>;
  /** Where it stands in the inventory. */
  readonly where: Place;
}

/** What holds for the whole cluster: variables of `all` that this tool knows. */
export interface ClusterVars {
  /** Default `"k3s"`. */
  readonly clusterName: string;
  /** `vX.Y.Z+k3sN`; undefined where it is not set or templated. */
  readonly k3sVersion?: string | undefined;
  /** `api_endpoint`: a name or address the owner keeps for the API, with or without a port. */
  readonly apiEndpoint?: string | undefined;
  /** CIDR every address lies in; default `100.64.0.0/10`. */
  readonly tailscaleNetwork: string;
  readonly gitRepoUrl?: string | undefined;
  /** Default `"main"`. */
  readonly gitBranch: string;
  /** Path in the repository that Flux follows; undefined: by the cluster's name. */
  readonly gitPath?: string | undefined;
  /** Default `"flux-system"`. */
  readonly fluxNamespace: string;
  /** Every variable of the group `all`. */
  readonly vars: ReadonlyMap<string, Variable>;
}

/** A whole inventory, read and found right. */
export interface Inventory {
  /** Absolute path of the inventory file. */
  readonly file: string;
  /** Control plane first, then workers, each in the order of the file. */
  readonly hosts: readonly InventoryHost[];
  readonly cluster: ClusterVars;
  /** The group each role has in this inventory (`server` where k3s-ansible's names are used). */
  readonly roleGroups: Readonly<Record<Role, readonly string[]>>;
  /** What is odd but works. */
  readonly warnings: readonly Problem[];
}

/** Networks of a cluster where nothing else is set (k3s `pkg/cli/cmds/server.go`). */
export const DEFAULT_NETWORKS = {
  k3s_cluster_cidr: "10.42.0.0/16",
  k3s_service_cidr: "10.43.0.0/16",
};

/** Whether the servers keep the cluster's data in a database that they share, not in etcd or SQLite. */
export function sharesDatabase({ vars }: ClusterVars): boolean {
  return Boolean(vars.get("datastore_endpoint_file")?.value);
}

/** The servers that are members of one etcd. */
export function etcdMembers(inventory: Inventory): readonly InventoryHost[] {
  const servers = hostsOf(inventory, "control-plane");
  return servers.length > 1 && !sharesDatabase(inventory.cluster) ? servers : [];
}

/** The hosts of one role, in the order of the inventory. */
export function hostsOf(inventory: Inventory, role: Role): readonly InventoryHost[] {
  return inventory.hosts.filter((host) => host.role === role);
}

/** The host of a name (as in the inventory, or its node's name); undefined where there is none. */
export function findHost(inventory: Inventory, name: string): InventoryHost | undefined {
  return inventory.hosts.find((host) => host.name === name) ??
    inventory.hosts.find((host) => host.nodeName === name.toLowerCase());
}

/** Where an API server is asked: `https://100.64.0.1:6443` for an address or name without a port. */
export function serverUrl(endpoint: string): string {
  return `https://${endpoint}${/:\d+$/.test(endpoint) ? "" : ":6443"}`;
}

/** The host that a person named. @throws {UserError} exit code 2 where there is none */
export function hostNamed(inventory: Inventory, name: string): InventoryHost {
  const host = findHost(inventory, name);
  if (host !== undefined) return host;
  throw usageError(`The inventory has no host ${name}`, {
    where: { file: inventory.file },
    hint: didYouMean(
      name,
      inventory.hosts.map((each) => each.name),
      "See the hosts with: k3s-tool node list",
    ),
  });
}
