/**
 * Brings the cluster's kubeconfig to the person.
 *
 * @module
 */

import { kubeconfigFiles } from "../cluster/kubeconfig_location.ts";
import type { MergeOptions } from "../cluster/kubeconfig_merge.ts";
import type { System } from "../process/system.ts";

/** Where and how a cluster's kubeconfig is put into the person's own. */
export interface InstallOptions extends MergeOptions {
  /** `--kubeconfig`; undefined: as kubectl finds it. */
  readonly kubeconfig?: string;
}

/** What putting it there did. */
export interface InstalledKubeconfig {
  readonly file: string;
  readonly context: string;
  /** False where the file said all of it already. */
  readonly changed: boolean;
  /** Where the former content is kept; undefined where there was none or nothing changed. */
  readonly backup: string | undefined;
  /** True where it is kubectl's current context. */
  readonly isCurrent: boolean;
}

/**
 * Merges a kubeconfig as k3s writes it into the person's own.
 *
 * Of the files in `KUBECONFIG` the one that has the context already is changed, else the first.
 *
 * @throws {UserError} exit code 2 where a file is not understood or the name is another cluster's
 */
export async function installKubeconfig(
  system: System,
  incoming: string,
  { kubeconfig, ...options }: InstallOptions,
): Promise<InstalledKubeconfig> {
  const { hasContext, mergeKubeconfig } = await import("../cluster/kubeconfig_merge.ts");
  const { readTextIfAny, updateKubeconfig } = await import("../cluster/kubeconfig_store.ts");
  const files = kubeconfigFiles(system, kubeconfig);
  let path = files[0];
  for (const file of files.toReversed()) {
    if (hasContext(await readTextIfAny(file) ?? "", options.contextName)) path = file;
  }
  const { result, file, backup } = await updateKubeconfig(path, {
    clock: system.clock,
    update: (text) => mergeKubeconfig(text, incoming, options),
  });
  return {
    file,
    context: options.contextName,
    changed: result.changed,
    backup,
    isCurrent: result.current === options.contextName,
  };
}
