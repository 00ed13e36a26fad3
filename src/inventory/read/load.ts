/**
 * An inventory with everything that belongs to it, read once, good or not.
 *
 * @module
 */

import type { Problem } from "../../errors/user_error.ts";
import { checkHosts, checkNetworks, checkVariable, warnOfHosts } from "../check/check.ts";
import { type GroupTree, type HostPlace, readGroups } from "./group_tree.ts";
import { decidingGroups, roleOfGroup } from "./groups.ts";
import { type InventoryFiles, isSealed } from "./inventory_files.ts";
import { type ClusterVars, type Inventory, type Role, ROLE_GROUPS, ROLES } from "../model.ts";
import { CLUSTER_VARIABLES } from "../schema.ts";
import { DEFAULT_NETWORK, defined, placesByHost, plainText, readHosts } from "./read_hosts.ts";
import { type SourcedVariable, Variables } from "./variables.ts";
import { readVarsFiles, type VarsFile } from "./vars_files.ts";
import type { YamlDocument } from "../../yaml/node.ts";
import { rootValue, sameValue, UnfoldError } from "../../yaml/read_value.ts";

/** What {@linkcode loadInventory} found. */
export interface LoadedInventory {
  /** Absolute path. */
  readonly path: string;
  /** Every problem, by file and line; the inventory is used only where there is none. */
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
  /** Undefined where the file is no inventory at all. */
  readonly content: LoadedContent | undefined;
}

/** The parts of a file that could be read as an inventory. */
export interface LoadedContent {
  /** Absolute path of the inventory. */
  readonly path: string;
  readonly inventory: Inventory;
  readonly document: YamlDocument;
  readonly tree: GroupTree;
  readonly places: ReadonlyMap<string, readonly HostPlace[]>;
  /** The groups of each role. */
  readonly roleGroups: Readonly<Record<Role, readonly string[]>>;
  readonly variables: Variables;
  readonly files: readonly VarsFile[];
}

/** Reads the file at an absolute path and the variables beside it; content never makes it throw. */
export function loadInventory(path: string, files: InventoryFiles): LoadedInventory {
  const document = files.read(path);
  const shown = files.show(path);
  if (isSealed(document)) {
    const message = `the whole inventory is encrypted by ${document.by}`;
    const expected = "a readable inventory; encrypt single values or files in group_vars/ instead";
    return failed(path, [{ message, where: { file: shown }, expected }]);
  }
  if (document.problems.length > 0) return failed(path, sorted(document.problems));
  try {
    // What cannot be unfolded is found here, so that judging later cannot fail.
    rootValue(document);
    return loadContent(path, { document, files });
  } catch (error) {
    if (error instanceof UnfoldError) return failed(path, [error.problem]);
    throw error;
  }
}

function failed(path: string, problems: readonly Problem[]): LoadedInventory {
  return { path, problems, warnings: [], content: undefined };
}

function loadContent(
  path: string,
  { document, files }: { readonly document: YamlDocument; readonly files: InventoryFiles },
): LoadedInventory {
  const tree = readGroups(document);
  if (tree.problems.length > 0) return failed(path, sorted(tree.problems));
  const places = placesByHost(tree);
  const from = { inventoryFile: path, from: files };
  const groupVars = readVarsFiles("group", { ...from, scopes: tree.groups.keys() });
  const hostVars = readVarsFiles("host", { ...from, scopes: places.keys() });
  const varsFiles = [...groupVars.files, ...hostVars.files];
  const fileProblems = [...groupVars.problems, ...hostVars.problems];
  if (fileProblems.length > 0) return failed(path, sorted(fileProblems));

  const variables = new Variables({ tree, document, path, files: varsFiles });
  const roleGroups = roleGroupsOf(tree);
  const parts = { path, document, tree, places, roleGroups, variables, files: varsFiles };
  const skipped = [...groupVars.warnings, ...hostVars.warnings];
  // Judged when it is first asked: an edit looks only at how things are afterwards.
  let judged: ReturnType<typeof judge> | undefined;
  const found = () => judged ??= judge(parts, { skipped, shown: files });
  return {
    path,
    content: {
      ...parts,
      get inventory() {
        return found().inventory;
      },
    },
    get problems() {
      return found().problems;
    },
    get warnings() {
      return found().inventory.warnings;
    },
  };
}

function judge(
  content: Omit<LoadedContent, "inventory">,
  { skipped, shown }: { readonly skipped: readonly Problem[]; readonly shown: InventoryFiles },
): { readonly inventory: Inventory; readonly problems: readonly Problem[] } {
  const { path, document, tree, places, roleGroups, variables, files } = content;
  const valueProblems = ownVariables(tree, { places, variables }).flatMap(checkVariable);
  const cluster = readCluster(variables, ROLES.flatMap((role) => roleGroups[role]));
  const network = cluster.tailscaleNetwork;
  const { hosts, problems, warnings } = readHosts(tree, { places, variables, network });
  const inventory: Inventory = {
    file: path,
    hosts,
    cluster,
    roleGroups,
    warnings: sorted([
      ...tree.warnings,
      ...warnings,
      ...warnOfHosts(hosts, document.file),
      ...skipped,
      ...warnOfEncrypted(files, shown),
      ...warnOfNames(tree),
    ]),
  };
  // A value that is wrong by itself is not compared with others too.
  const between = valueProblems.length > 0
    ? []
    : [...checkHosts(hosts, network), ...checkNetworks(cluster)];
  return { inventory, problems: sorted([...valueProblems, ...problems, ...between]) };
}

/** Every variable where it stands, those too that another one overrides. */
function ownVariables(
  tree: GroupTree,
  { places, variables }: {
    readonly places: ReadonlyMap<string, readonly HostPlace[]>;
    readonly variables: Variables;
  },
): SourcedVariable[] {
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
    tailscaleNetwork: get("tailscale_network") ?? DEFAULT_NETWORK,
    gitBranch: get("git_branch") ?? "main",
    fluxNamespace: get("flux_namespace") ?? "flux-system",
    ...defined({ k3sVersion: get("k3s_version"), gitRepoUrl: get("git_repo_url") }),
    ...defined({ gitPath: get("git_path"), apiEndpoint: get("api_endpoint") }),
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

function roleGroupsOf(tree: GroupTree): Record<Role, readonly string[]> {
  const names = decidingGroups(tree, tree.groups.keys());
  const [server, worker] = ROLES.map((role) => names.filter((name) => roleOfGroup(name) === role));
  return { "control-plane": server!, worker: worker! };
}

function warnOfNames(tree: GroupTree): Problem[] {
  const own: readonly string[] = Object.values(ROLE_GROUPS);
  return [...tree.groups.values()].flatMap((group) => {
    const role = roleOfGroup(group.name);
    if (role === undefined || own.includes(group.name)) return [];
    return [{ message: `the group ${group.name} is read as ${role} hosts`, where: group.where }];
  });
}

function warnOfEncrypted(varsFiles: readonly VarsFile[], files: InventoryFiles): Problem[] {
  return varsFiles.flatMap(({ sealed, path }) =>
    sealed === undefined ? [] : [{
      message:
        `the file is encrypted by ${sealed.by}; its variables are left alone and not checked`,
      where: { file: files.show(path) },
    }]
  );
}

function sorted(problems: readonly Problem[]): Problem[] {
  return [...problems].sort((a, b) => {
    const [left, right] = [a.where?.file ?? "", b.where?.file ?? ""];
    if (left !== right) return left < right ? -1 : 1;
    return (a.where?.line ?? 0) - (b.where?.line ?? 0) ||
      (a.where?.column ?? 0) - (b.where?.column ?? 0);
  });
}
