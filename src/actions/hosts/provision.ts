/**
 * Makes a working cluster of the hosts in an inventory.
 *
 * @module
 */

import type { RunEvent } from "../../ansible/events/event.ts";
import type { PasswordFiles, PlaybookOptions } from "../../ansible/run/invocation.ts";
import { newStoredKubeconfig } from "../../kubeconfig/store.ts";
import { renderProblem } from "../../errors/render_error.ts";
import { openInventory, requireProvisionable } from "../../inventory/read/read.ts";
import type { ActionSystem, MayI } from "../action_system.ts";
import { requireFlux } from "../upkeep/artifacts.ts";
import { checkHosts, checkLimit, checkTags } from "./limit.ts";
import { runOnHosts } from "./run_on_hosts.ts";
import { takeOverKubeconfig } from "./kubeconfig.ts";

/** What a person asks for; where nothing else is said, all hosts and all parts. */
export interface ProvisionRequest
  extends Omit<PlaybookOptions, "playbook" | "inventories" | "extraVars" | keyof PasswordFiles> {
  /** As given with `-i`; undefined: the nearest. */
  readonly inventory: string | undefined;
  readonly passwords: PasswordFiles;
  /** Hosts that were reinstalled: their old node and its password are deleted before they join. */
  readonly replace?: readonly string[];
  /** The only server's SQLite may become etcd, which cannot be undone, where another joins. */
  readonly convert: boolean;
  /** Delete nodes that hosts were before they were renamed. */
  readonly removeRenamed?: boolean;
  /** Hosts whose k3s of another installation must go on to run. */
  readonly kept?: readonly string[];
  /** Merge the cluster into ~/.kube/config; default true. */
  readonly kubeconfig?: boolean;
}

/**
 * Provisions and reports progress; the last event is of type `end`.
 *
 * Everything that can be known to be wrong is found before the first host is contacted.
 *
 * @throws {UserError} exit code 2 for an inventory that is not right, 3 where a program is missing,
 *   4 where the tailnet is out of reach, 1 where another run on this inventory is under way
 */
export async function* provision(
  system: ActionSystem,
  {
    inventory: named,
    passwords,
    replace = [],
    convert,
    removeRenamed = false,
    kept = [],
    kubeconfig: merge = true,
    ...options
  }: ProvisionRequest,
  mayInstall: MayI,
): AsyncGenerator<RunEvent> {
  const { tags = [], skipTags = [], limit = [] } = options;
  const { inventory } = await openInventory(system, named);
  requireProvisionable(inventory);
  checkLimit(inventory, limit);
  checkHosts(inventory, replace);
  checkTags([...tags, ...skipTags]);
  const skipsGitops = tags.length > 0 && !tags.includes("gitops") || skipTags.includes("gitops");
  if (!skipsGitops) await requireFlux(system, inventory);
  const kubeconfig = await newStoredKubeconfig(system, inventory.file);
  const events = runOnHosts(system, {
    playbook: "site",
    inventory,
    hosts: inventory.hosts,
    warnings: inventory.warnings.map(renderProblem),
    extraVars: {
      k3s_tool_kubeconfig_path: kubeconfig,
      k3s_tool_replace: replace,
      k3s_tool_convert: convert,
      k3s_tool_remove_renamed: removeRenamed,
      k3s_tool_kept: kept,
    },
    ...options,
    ...passwords,
  }, mayInstall);
  if (!merge || options.check) yield* events;
  else {
    const { clusterName: contextName } = inventory.cluster;
    yield* withKubeconfig(system, events, { stored: kubeconfig, contextName });
  }
}

/** The events of a run that fetches a kubeconfig, which is merged into the person's own at its end. */
export async function* withKubeconfig(
  system: ActionSystem,
  events: AsyncIterable<RunEvent>,
  kubeconfig: { readonly stored: string; readonly contextName: string },
): AsyncGenerator<RunEvent> {
  for await (const event of events) {
    // Where one worker failed the cluster is there nevertheless.
    if (event.type === "end" && (event.outcome === "ok" || event.outcome === "failed")) {
      yield* takeOverKubeconfig(system, kubeconfig);
    }
    yield event;
  }
}
