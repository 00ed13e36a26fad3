/**
 * The cluster's kubeconfig: fetched from the first server, and installed for the user, when asked to and
 * after a run.
 *
 * @module
 */

import type { ActionSystem, AnsibleAnswers } from "../action_system.ts";
import { runOnHosts } from "./run_on_hosts.ts";
import type { RunEvent } from "../../ansible/events/event.ts";
import { renderProblem } from "../../errors/render_error.ts";
import { plural, safeText } from "../../errors/safe_text.ts";
import { shellWord } from "../../errors/shell_word.ts";
import { missingError, usageError, UserError } from "../../errors/user_error.ts";
import { hostsOf, type Inventory, type InventoryHost } from "../../inventory/model.ts";
import { kubeconfigFiles, type KubeconfigItem } from "../../kubeconfig/files.ts";
import type { MergeOptions, MergeResult } from "../../kubeconfig/merge.ts";
import { newStoredKubeconfig, storedKubeconfig } from "../../kubeconfig/store.ts";
import { ifThere } from "../../process/small_file.ts";
import type { System } from "../../process/system.ts";

/** Where and how a cluster's kubeconfig is merged into the user's own. */
export interface InstallOptions extends Omit<MergeOptions, "file" | "seen"> {
  /** `--kubeconfig`; undefined: as kubectl finds it. */
  readonly kubeconfig?: string | undefined;
}

/** What the merge did. */
export interface InstalledKubeconfig {
  readonly file: string;
  readonly context: string;
  /** False if the file was already up to date. */
  readonly changed: boolean;
  /** True where the file had a context of that name before. */
  readonly replaced: boolean;
  /** Where the former content is kept; undefined where there was none or nothing changed. */
  readonly backup: string | undefined;
  /** True where it is kubectl's current context. */
  readonly isCurrent: boolean;
  /** Contexts of other names that lead to the same cluster. */
  readonly otherContexts: readonly string[];
  /** How to remove those; undefined if there are none, or the context is not new. */
  readonly advice: string | undefined;
}

/**
 * Merges a kubeconfig as k3s writes it into the person's own.
 *
 * Of the files in `KUBECONFIG` the first that has something of that name is changed, as that is what
 * kubectl takes; else the first of all. Only where none of them names a current context, it becomes
 * the current one.
 *
 * @throws {UserError} exit code 2 where a file is not understood or the name is another cluster's
 */
export async function installKubeconfig(
  system: System,
  incoming: string,
  { kubeconfig, ...options }: InstallOptions,
): Promise<InstalledKubeconfig> {
  const { readKubeconfigs } = await import("../../kubeconfig/files.ts");
  const { mergeKubeconfig } = await import("../../kubeconfig/merge.ts");
  const { updateKubeconfig } = await import("../../kubeconfig/store.ts");
  const files = kubeconfigFiles(system, kubeconfig);
  // One file is read by the merge itself, which says what of it is not understood.
  const seen = files.length === 1 ? undefined : await readKubeconfigs(files);
  const items = seen === undefined ? [] : [...seen.contexts, ...seen.clusters, ...seen.users]
    .filter(({ name }) => name === options.contextName);
  const path = files.find((file) => items.some((item) => item.file === file)) ?? files[0];
  const { result, file, backup } = await updateKubeconfig(path, {
    clock: system.clock,
    update: (text) => mergeKubeconfig(text, incoming, { ...options, seen, file: path }),
  });
  return {
    file,
    context: options.contextName,
    changed: result.changed,
    replaced: result.replaced,
    backup,
    isCurrent: result.current === options.contextName,
    otherContexts: result.otherContexts,
    advice: result.replaced
      ? undefined
      : adviceOn(result, { contextName: options.contextName, kubeconfig }),
  };
}

/**
 * After `cluster_name` was changed the context of the former name stays. Only the person knows
 * whether anything still uses it, so it is named and not removed.
 */
function adviceOn(
  { otherContexts, current }: Pick<MergeResult, "otherContexts" | "current">,
  { contextName, kubeconfig }: {
    readonly contextName: string;
    readonly kubeconfig: string | undefined;
  },
): string | undefined {
  if (otherContexts.length === 0) return undefined;
  const config = `${kubectlOn(kubeconfig)} config`;
  const first = otherContexts.some((name) => name === current)
    ? [`${config} use-context ${word(contextName)}`]
    : [];
  return `The ${contextList(otherContexts)} ${
    plural(otherContexts.length, "points", "point")
  } to this cluster too. ` + howToRemove(otherContexts, config, first);
}

/** @param first commands that come before */
function howToRemove(
  names: readonly string[],
  config: string,
  first: readonly string[] = [],
): string {
  const commands = [...first, ...names.map((name) => `${config} delete-context ${word(name)}`)];
  return `To remove ${plural(names.length, "it", "them")}, run: ${commands.join(" && ")}`;
}

/**
 * Merges a stored kubeconfig into the person's own, and says so where that changed something.
 *
 * If another cluster has the name, that is only a warning: the cluster itself works.
 *
 * @param stored path the playbook wrote to; nothing is done where no such file is
 */
export async function* takeOverKubeconfig(
  system: System,
  { stored, contextName }: { readonly stored: string; readonly contextName: string },
): AsyncGenerator<RunEvent> {
  const text = await ifThere(Deno.readTextFile(stored));
  if (text === undefined) return; // the run stopped before, or left it out
  try {
    const done = await installKubeconfig(system, text, { contextName });
    const { changed, replaced, file, context, backup, isCurrent, advice } = done;
    if (!changed) return;
    const kept = backup === undefined ? "" : `; the old file is now ${backup}`;
    const use = isCurrent ? "" : `; use it with: kubectl --context ${context} get nodes`;
    const did = replaced ? `Updated the context ${context} in` : `Added the context ${context} to`;
    yield { type: "note", message: `${did} ${file}${kept}${use}` };
    if (advice !== undefined) yield { type: "note", message: advice };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const hint = error.hint === undefined ? "" : ` ${error.hint}`;
    yield { type: "warning", message: `${renderProblem(error)}.${hint}` };
  }
}

/**
 * Removes the stored kubeconfig of a cluster that was removed: it would look like one that exists. The
 * person's own is theirs; contexts in it that lead there are named.
 *
 * @returns what the person should know
 */
export async function forgetKubeconfig(
  system: System,
  inventory: Inventory,
): Promise<string | undefined> {
  const names = await ownContexts(system, inventory);
  await Deno.remove(await storedKubeconfig(system, inventory.file)).catch(() => {});
  if (names.length === 0) return undefined;
  return `Your kubeconfig still has the ${contextList(names)} of this cluster. ` +
    howToRemove(names, "kubectl config");
}

/** What the person should know where their own kubeconfig names a server that was removed. */
export async function kubeconfigWithout(
  system: System,
  { inventory, host }: { readonly inventory: Inventory; readonly host: InventoryHost },
): Promise<string | undefined> {
  const addresses = [host.tailscaleIp, host.ansibleHost, host.name];
  const names = await ownContexts(system, inventory, ({ fields: { server } }) => {
    const address = typeof server === "string" ? URL.parse(server)?.hostname : undefined;
    return address !== undefined && addresses.includes(address);
  });
  if (names.length === 0) return undefined;
  const { clusterName } = inventory.cluster;
  const commands = names.map((name) =>
    name === clusterName ? "k3s-tool kubeconfig" : `k3s-tool kubeconfig --context ${word(name)}`
  );
  return `The ${contextList(names)} in your kubeconfig still ${
    plural(names.length, "points", "point")
  } to ${host.name}. To use another server, run: ${commands.join(" && ")}`;
}

/**
 * Contexts of the person's own kubeconfig that lead to the cluster of the stored one; none where either
 * cannot be used.
 */
async function ownContexts(
  system: System,
  inventory: Inventory,
  isMeant: (cluster: KubeconfigItem) => boolean = () => true,
): Promise<readonly string[]> {
  const stored = await storedKubeconfig(system, inventory.file);
  const text = await ifThere(Deno.readTextFile(stored)).catch(() => undefined);
  if (text === undefined) return [];
  const { readKubeconfigs } = await import("../../kubeconfig/files.ts");
  const { contextsOf } = await import("../../kubeconfig/merge.ts");
  try {
    const { clusters, contexts } = await readKubeconfigs(kubeconfigFiles(system, undefined));
    return contextsOf(text, { clusters: clusters.filter(isMeant), contexts });
  } catch (error) {
    if (error instanceof UserError) return [];
    throw error;
  }
}

function contextList(names: readonly string[]): string {
  return `${plural(names.length, "context")} ${names.map(safeText).join(", ")}`;
}

/** kubectl as the person calls it where a file was named with `--kubeconfig`. */
export function kubectlOn(kubeconfig: string | undefined): string {
  return kubeconfig === undefined ? "kubectl" : `kubectl --kubeconfig ${word(kubeconfig)}`;
}

function word(text: string): string {
  return shellWord(safeText(text));
}

/**
 * Fetches the kubeconfig into the tool's own store and reports progress; the last event is of
 * type `end`.
 *
 * @throws {UserError} exit code 2 where the inventory has no server, 3 where a program is missing,
 *   4 where the tailnet is out of reach
 */
export async function* fetchKubeconfig(
  system: ActionSystem,
  { inventory, passwords, mayInstall }: AnsibleAnswers & {
    readonly inventory: Inventory;
  },
): AsyncGenerator<RunEvent> {
  const [server] = hostsOf(inventory, "control-plane");
  if (server === undefined) {
    throw usageError("The inventory has no control-plane host to fetch the kubeconfig from", {
      where: { file: inventory.file },
      hint: "Add one with: k3s-tool node add HOST --role control-plane",
    });
  }
  yield* runOnHosts(system, {
    playbook: "kubeconfig",
    inventory,
    hosts: [server],
    extraVars: { k3s_tool_kubeconfig_path: await newStoredKubeconfig(system, inventory.file) },
    ...passwords,
  }, mayInstall);
}

/**
 * The kubeconfig in the tool's own store, as `provision` and {@linkcode fetchKubeconfig} leave it.
 *
 * @throws {UserError} exit code 3 where there is none
 */
export async function readStoredKubeconfig(
  system: ActionSystem,
  inventory: Inventory,
): Promise<string> {
  const text = await ifThere(Deno.readTextFile(await storedKubeconfig(system, inventory.file)));
  if (text !== undefined) return text;
  throw missingError("The kubeconfig of this cluster was not fetched yet", {
    hint: "Fetch it with: k3s-tool kubeconfig; or create the cluster with: k3s-tool provision",
  });
}
