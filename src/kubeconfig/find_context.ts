/**
 * Which context of which kubeconfig leads to the cluster.
 *
 * @module
 */

import { plural, safeText } from "../errors/safe_text.ts";
import { missingError, type UserError } from "../errors/user_error.ts";
import {
  kubeconfigFiles,
  type KubeconfigPlace,
  type Kubeconfigs,
  kubeconfigText,
  readKubeconfigs,
} from "./files.ts";

/** A context, and where it is. */
export interface KubeContext {
  /** The file that has the context; its cluster and user may be in others. */
  readonly file: string;
  readonly context: string;
  /** Text of a kubeconfig with all that belongs to it. */
  readonly text: string;
}

/** What a person said of the cluster. */
export interface ContextChoice {
  /** `--kubeconfig`. */
  readonly kubeconfig?: string | undefined;
  /** `--context`. */
  readonly context?: string | undefined;
  /** `cluster_name` of the inventory; undefined where there is no inventory. */
  readonly clusterName?: string | undefined;
  /** The kubeconfig that provisioning keeps for the inventory, whether it exists or not. */
  readonly stored?: string | undefined;
}

/**
 * The context to use: the one named, else the one called like the cluster, else the only one of a file
 * that was named, or, where none was, the kubeconfig that provisioning left, else, without an inventory,
 * kubectl's current one.
 *
 * With an inventory the current context is never taken: it may lead to another cluster.
 *
 * @throws {UserError} exit code 3 where there is none, 2 where a file is not understood
 */
export async function findContext(
  place: KubeconfigPlace,
  choice: ContextChoice,
): Promise<KubeContext> {
  const files = kubeconfigFiles(place, choice.kubeconfig);
  const read = await readKubeconfigs(files);
  const wanted = choice.context ?? choice.clusterName;
  const found = contextIn(read, wanted ?? read.current);
  if (found !== undefined) return found;
  if (choice.context === undefined && choice.clusterName !== undefined) {
    // A file that was named has the cluster or is an error: nobody means another one then.
    if (choice.kubeconfig !== undefined) {
      if (read.contexts.length === 1) return contextIn(read, read.contexts[0]!.name)!;
      throw notFound({ files, read, choice });
    }
    const stored = await readKubeconfigs(choice.stored === undefined ? [] : [choice.stored]);
    const context = contextIn(stored, stored.current);
    if (context !== undefined) return context;
  }
  throw notFound({ files, read, choice });
}

function contextIn(read: Kubeconfigs, wanted: string | undefined): KubeContext | undefined {
  const found = read.contexts.find(({ name }) => name === wanted);
  return found && { file: found.file, context: found.name, text: kubeconfigText(read) };
}

function notFound({ files, read, choice: { context, clusterName } }: {
  readonly files: readonly string[];
  readonly read: Kubeconfigs;
  readonly choice: ContextChoice;
}): UserError {
  const fetchHint = "Fetch it with: k3s-tool kubeconfig. If there is no cluster yet, create it " +
    "with: k3s-tool provision";
  const [where, have] = [files.join(", "), plural(files.length, "has", "have")];
  const contexts = read.contexts.map(({ name }) => safeText(name)).join(", ");
  if (read.files.length === 0) {
    return missingError(`There is no kubeconfig at ${where}`, { hint: fetchHint });
  }
  if (context === undefined && clusterName === undefined && contexts !== "") {
    return missingError(`No context is chosen in ${where}`, {
      hint: `Choose one with --context; there are: ${contexts}.`,
    });
  }
  const what = context !== undefined
    ? `no context ${safeText(context)}`
    : clusterName === undefined
    ? "no context"
    : `no context for cluster ${safeText(clusterName)}`;
  return missingError(`${where} ${have} ${what}`, {
    hint: contexts === ""
      ? fetchHint
      : `${fetchHint}; or name one of these with --context: ${contexts}.`,
  });
}
