/**
 * Makes a working cluster of the hosts in an inventory.
 *
 * @module
 */

import type { Outcome, RunEvent } from "../../ansible/events/event.ts";
import type { PasswordFiles } from "../../ansible/run/invocation.ts";
import { runPlaybook } from "../../ansible/run/run_playbook.ts";
import { newStoredKubeconfig } from "../../kubeconfig/store.ts";
import { renderProblem } from "../../errors/render_error.ts";
import { aliasInventory } from "../../inventory/read/groups.ts";
import { locateInventory } from "../../inventory/read/locate.ts";
import type { Inventory } from "../../inventory/model.ts";
import { readInventory, requireProvisionable } from "../../inventory/read/read.ts";
import type { ActionSystem, MayI } from "../action_system.ts";
import { prepareAnsible } from "./ansible_tools.ts";
import { checkHosts, checkLimit, checkTags } from "./limit.ts";
import { checkTailnet } from "./tailnet_check.ts";
import { takeOverKubeconfig } from "./take_over_kubeconfig.ts";

/** What a person asks for. */
export interface ProvisionRequest {
  /** As given with `-i`; undefined: the nearest. */
  readonly inventory: string | undefined;
  /** Change nothing, say what would change. */
  readonly check: boolean;
  readonly diff: boolean;
  readonly tags: readonly string[];
  readonly skipTags: readonly string[];
  readonly limit: readonly string[];
  readonly forks: number | undefined;
  /** Seconds ssh may take to connect. */
  readonly connectTimeout: number | undefined;
  readonly passwords: PasswordFiles;
  /** Hosts that were reinstalled: their old node and its password are deleted before they join. */
  readonly replace: readonly string[];
  /** The only server's SQLite may become etcd, which cannot be undone, where another joins. */
  readonly convert: boolean;
  /** Delete nodes that hosts were before they were renamed. */
  readonly removeRenamed: boolean;
  /** Merge the cluster into ~/.kube/config. */
  readonly kubeconfig: boolean;
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
  request: ProvisionRequest,
  mayInstall: MayI,
): AsyncGenerator<RunEvent> {
  const inventory = await readInventory(await locateInventory(system, request.inventory), {
    cwd: system.cwd,
  });
  requireProvisionable(inventory);
  checkLimit(inventory, request.limit);
  checkHosts(inventory, request.replace);
  checkTags([...request.tags, ...request.skipTags]);
  const { warnings, hostKeys } = await checkTailnet(system, inventory.hosts);
  const tools = await prepareAnsible(system, mayInstall);
  for (const problem of inventory.warnings) yield warning(renderProblem(problem));
  for (const { host, message } of warnings) yield warning(message, host);

  const kubeconfig = await newStoredKubeconfig(system, inventory.file);
  const events = runPlaybook(system, {
    ...tools,
    playbook: "site",
    inventory: inventory.file,
    ...inventoriesOf(inventory),
    extraVars: {
      k3s_tool_kubeconfig_path: kubeconfig,
      k3s_tool_replace: request.replace,
      k3s_tool_convert: request.convert,
      k3s_tool_remove_renamed: request.removeRenamed,
    },
    ...(hostKeys === undefined ? {} : { publishedHostKeys: hostKeys }),
    ...playbookOptions(request),
  });
  for await (const event of events) {
    if (event.type === "end" && wroteKubeconfig(event.outcome, request)) {
      yield* takeOverKubeconfig(system, {
        stored: kubeconfig,
        contextName: inventory.cluster.clusterName,
      });
    }
    yield event;
  }
}

/** The person's inventory, and the one that gives its groups the names the playbooks know. */
export function inventoriesOf(
  inventory: Inventory,
): { readonly inventories: readonly string[]; readonly extraInventory?: string } {
  const alias = aliasInventory(inventory);
  return {
    inventories: [inventory.file],
    ...(alias === undefined ? {} : { extraInventory: alias }),
  };
}

/** Where one worker failed the cluster is there nevertheless. */
function wroteKubeconfig(outcome: Outcome, { check, kubeconfig }: ProvisionRequest): boolean {
  return kubeconfig && !check && (outcome === "ok" || outcome === "failed");
}

function playbookOptions(request: ProvisionRequest) {
  const { forks, connectTimeout, passwords } = request;
  return {
    check: request.check,
    diff: request.diff,
    tags: request.tags,
    skipTags: request.skipTags,
    limit: request.limit,
    ...(forks === undefined ? {} : { forks }),
    ...(connectTimeout === undefined ? {} : { connectTimeout }),
    ...passwords,
  };
}

function warning(message: string, host?: string): RunEvent {
  return { type: "warning", message, ...(host === undefined ? {} : { host }) };
}
