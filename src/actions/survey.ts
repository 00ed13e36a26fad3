/**
 * What can be known from here: inventory, tailnet and cluster, each read by itself, so that one
 * that is away does not hide the others.
 *
 * @module
 */

import type { KubernetesApi } from "../cluster/api/kubernetes_api.ts";
import { UserError } from "../errors/user_error.ts";
import type { InventoryFiles } from "../inventory/read/inventory_files.ts";
import type { Inventory } from "../inventory/model.ts";
import type { System } from "../process/system.ts";
import type { Tailnet } from "../tailscale/peer.ts";

/** Something that was read, or the error that says why not. */
export type Reading<T> =
  | { readonly known: true; readonly value: T }
  | { readonly known: false; readonly error: UserError };

/** How a person said which cluster is meant. */
export interface ClusterChoice {
  /** `--kubeconfig`. */
  readonly kubeconfig?: string | undefined;
  /** `--context`. */
  readonly context?: string | undefined;
  /** Milliseconds one answer of the API server may take. */
  readonly timeoutMs?: number | undefined;
}

/** The inventory named, else the nearest; undefined where there is none. */
export async function surveyInventory(
  system: Pick<System, "cwd">,
  named: string | undefined,
  files?: InventoryFiles,
): Promise<Reading<Inventory | undefined>> {
  return await attempt(async () => {
    const { locateInventoryIfAny } = await import("../inventory/read/locate.ts");
    const file = await locateInventoryIfAny(system, named);
    if (file === undefined) return undefined;
    const { readInventory } = await import("../inventory/read/read.ts");
    return await readInventory(file, { cwd: system.cwd, files });
  });
}

/** The inventory, if any; one that is named must be readable. */
export async function inventoryFor(
  system: System,
  named: string | undefined,
): Promise<Inventory | undefined> {
  const inventory = await surveyInventory(system, named);
  if (inventory.known) return inventory.value;
  if (named !== undefined) throw inventory.error;
  return undefined;
}

/** The tailnet. */
export async function surveyTailnet(system: System): Promise<Reading<Tailnet>> {
  return await attempt(async () => {
    const { readTailnet } = await import("../tailscale/discover.ts");
    return await readTailnet(system);
  });
}

/**
 * Something of the cluster, read through a connection that is closed afterwards; a refusal of the
 * API server that `read` did not expect is said in words.
 */
export async function surveyCluster<T>(
  system: System,
  { inventory, choice, read }: {
    readonly inventory: Inventory | undefined;
    readonly choice: ClusterChoice;
    readonly read: (api: KubernetesApi) => Promise<T>;
  },
): Promise<Reading<T>> {
  return await attempt(async () => {
    const api = await connectTo(system, { inventory, choice });
    try {
      return await read(api);
    } catch (error) {
      const { answerError } = await import("../cluster/api/api_errors.ts");
      throw answerError(error, api.server);
    } finally {
      await api.close();
    }
  });
}

/**
 * A connection to the cluster: to the context the person named, else that of the inventory's
 * `cluster_name`.
 *
 * @throws {UserError} exit code 3 where there is no such context, 2 where the kubeconfig is wrong,
 *   4 where its credentials cannot be used
 */
export async function connectTo(
  system: System,
  { inventory, choice }: {
    readonly inventory: Inventory | undefined;
    readonly choice: ClusterChoice;
  },
): Promise<KubernetesApi> {
  const { findContext } = await import("../kubeconfig/find_context.ts");
  const cluster = inventory === undefined ? undefined : await clusterOf(system, inventory);
  const context = await findContext(system, { ...choice, ...cluster?.names });
  const { connect } = await import("../cluster/api/connect.ts");
  const isOurs = choice.context === undefined || choice.context === cluster?.names.clusterName;
  return await connect(context, {
    now: system.clock.now(),
    signal: system.signal,
    ...(choice.timeoutMs === undefined ? {} : { timeoutMs: choice.timeoutMs }),
    ...(cluster === undefined || !isOurs ? {} : { others: cluster.servers }),
  });
}

/** How an inventory's cluster is found: its names, and its servers by the inventory and the last run. */
async function clusterOf(system: System, inventory: Inventory) {
  const { storedKubeconfig } = await import("../kubeconfig/store.ts");
  const { readKubeconfigs } = await import("../kubeconfig/files.ts");
  const { hostsOf, serverUrl } = await import("../inventory/model.ts");
  const stored = await storedKubeconfig(system, inventory.file);
  const last = await attempt(() => readKubeconfigs([stored])); // a broken one is told where it is needed
  const { apiEndpoint, clusterName } = inventory.cluster;
  const addresses = hostsOf(inventory, "control-plane").flatMap(({ tailscaleIp }) =>
    tailscaleIp ?? []
  );
  return {
    names: { clusterName, stored },
    servers: [
      ...[...apiEndpoint === undefined ? [] : [apiEndpoint], ...addresses].map(serverUrl),
      ...(last.known ? last.value.clusters : []).flatMap(({ fields }) =>
        typeof fields.server === "string" ? fields.server : []
      ),
    ],
  };
}

async function attempt<T>(read: () => Promise<T>): Promise<Reading<T>> {
  try {
    return { known: true, value: await read() };
  } catch (error) {
    if (error instanceof UserError) return { known: false, error };
    throw error;
  }
}
