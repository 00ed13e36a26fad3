/**
 * The text of a new inventory, commented for the person who will change it.
 *
 * @module
 */

import type { NewHost } from "./edit.ts";
import { ROLE_GROUPS, ROLES } from "../model.ts";
import { defined, type YamlValue } from "../../yaml/yaml_value.ts";
import { setIn } from "../../yaml/edit.ts";
import type { YamlDocument } from "../../yaml/node.ts";
import { parseYaml } from "../../yaml/tree.ts";

/** The k3s release of a new inventory, unless another is asked for. */
export const DEFAULT_K3S_VERSION = "v1.36.3+k3s1";

/** What a new inventory says. */
export interface NewInventory {
  readonly clusterName: string;
  readonly k3sVersion: string;
  readonly tailscaleNetwork: string;
  readonly gitRepoUrl?: string | undefined;
  readonly gitBranch?: string | undefined;
  readonly gitPath?: string | undefined;
  /** Login name on every host. */
  readonly user?: string | undefined;
  readonly hosts: readonly NewHost[];
  /** Further variables of all hosts. */
  readonly vars: Readonly<Record<string, YamlValue>>;
}

/** Writes a new inventory; `file` is the name shown in problems. */
export function newInventory(wanted: NewInventory, file: string): YamlDocument {
  const { clusterName, k3sVersion, tailscaleNetwork, gitRepoUrl, gitPath } = wanted;
  let document = parseYaml(SKELETON, file);
  const set = (path: readonly string[], value: YamlValue) => {
    document = setIn(document, path, value);
  };
  const vars = defined({
    cluster_name: clusterName,
    k3s_version: k3sVersion,
    tailscale_network: tailscaleNetwork,
    git_branch: wanted.gitBranch ?? "main",
    git_repo_url: gitRepoUrl,
    git_path: gitPath,
    ansible_user: wanted.user,
    ...wanted.vars,
  });
  for (const [name, value] of Object.entries(vars)) set(["all", "vars", name], value);
  for (const role of ROLES) {
    const hosts = wanted.hosts.filter((host) => host.role === role);
    const named = Object.fromEntries(hosts.map(({ name, vars }) => [name, vars]));
    if (hosts.length > 0) set(["all", "children", ROLE_GROUPS[role], "hosts"], named);
  }
  return document;
}

const SKELETON = `# The machines of the cluster and their settings, as plain Ansible YAML.
# Edit it, or use \`k3s-tool node add\` and \`k3s-tool config set\`, which keep comments and layout.
# \`k3s-tool config validate\` checks it; docs/inventory.md explains every variable.
all:
  vars:
    # Also the name of the context in your kubeconfig.
    cluster_name: k3s
    # k3s release; raise it by one minor version at a time.
    k3s_version: ${DEFAULT_K3S_VERSION}
    # Every tailscale_ip is in this network.
    tailscale_network: 100.64.0.0/10
    # To deploy from Git, set git_repo_url.
    git_branch: main
    flux_namespace: flux-system
  children:
    # Hosts that run the API server: one, or an odd number.
    control_plane:
      hosts: {}
    # Hosts that run workloads. Per host: reserved_cpu and reserved_memory are kept for its user,
    # gpu: true shares an NVIDIA card, node_labels and node_taints go to its node.
    workers:
      hosts: {}
`;
