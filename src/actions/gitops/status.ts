/**
 * How what is deployed from Git stands.
 *
 * @module
 */

import { fluxUrl } from "../../gitops/repository/repository_url.ts";
import type { Inventory } from "../../inventory/model.ts";
import type { System } from "../../process/system.ts";
import type { FluxReading } from "./read_flux.ts";
import { type ClusterChoice, inventoryFor, surveyCluster } from "../survey.ts";

/** What a person asks for. */
export interface GitopsStatusRequest {
  /** As given with `-i`; undefined: the nearest. */
  readonly inventory: string | undefined;
  readonly cluster: ClusterChoice;
}

/** How things stand. */
export interface GitopsStatus extends FluxReading {
  /** `cluster_name`; undefined without an inventory. */
  readonly clusterName: string | undefined;
  /** `https://100.64.0.1:6443`. */
  readonly server: string;
  /** What a person should look at, each as a sentence. */
  readonly warnings: readonly string[];
}

/**
 * Looks once.
 *
 * @throws {UserError} exit code 2 for a named inventory or a kubeconfig that is wrong, 3 where there
 *   is no kubeconfig or no Flux, 4 where the cluster cannot be asked
 */
export async function readGitopsStatus(
  system: System,
  request: GitopsStatusRequest,
): Promise<GitopsStatus> {
  const known = await inventoryFor(system, request.inventory);
  const reading = await surveyCluster(system, {
    inventory: known,
    choice: request.cluster,
    read: async (api) => {
      const { notInstalledError, readFlux } = await import("./read_flux.ts");
      const flux = await readFlux(api, { signal: system.signal });
      if (flux === undefined) throw notInstalledError();
      return { ...flux, server: api.server };
    },
  });
  if (!reading.known) throw reading.error;
  const { clusterName } = known?.cluster ?? {};
  return { clusterName, ...reading.value, warnings: otherRepository(known, reading.value) };
}

/** Flux may follow something else than the inventory says by now. */
export function otherRepository(
  inventory: Inventory | undefined,
  { objects }: FluxReading,
): readonly string[] {
  const url = inventory?.cluster.gitRepoUrl;
  const namespace = inventory?.cluster.fluxNamespace;
  const source = objects.find((object) =>
    object.kind === "GitRepository" && object.name === "flux-system" &&
    object.namespace === namespace
  );
  if (inventory === undefined || url === undefined) return [];
  // A branch that only Ansible can work out is not compared.
  if ((inventory.cluster.vars.get("git_branch")?.state ?? "plain") !== "plain") return [];
  const apply = "Apply it with: k3s-tool provision --tags gitops";
  if (source === undefined) {
    return [`Flux does not sync from the inventory's repository yet. ${apply}`];
  }
  const branch = inventory.cluster.gitBranch;
  return source.from === fluxUrl(url) && source.ref === branch ? [] : [
    `Flux follows ${source.from} (${source.ref}), but the inventory says ${url} (${branch}). ${apply}`,
  ];
}
