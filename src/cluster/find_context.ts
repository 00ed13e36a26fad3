/**
 * Which context of which kubeconfig leads to the cluster.
 *
 * @module
 */

import { parse } from "yaml";
import * as z from "zod";
import { safeText } from "../errors/safe_text.ts";
import { missingError, usageError } from "../errors/user_error.ts";
import { kubeconfigFiles, type KubeconfigPlace } from "./kubeconfig_location.ts";

/** A context and the file it stands in. */
export interface KubeContext {
  readonly file: string;
  readonly context: string;
}

/** What a person said of the cluster. */
export interface ContextChoice {
  /** `--kubeconfig`. */
  readonly kubeconfig?: string;
  /** `--context`. */
  readonly context?: string;
  /** `cluster_name` of the inventory; undefined where there is no inventory. */
  readonly clusterName?: string;
  /** The kubeconfig that provisioning keeps for the inventory, whether it exists or not. */
  readonly stored?: string;
}

/**
 * The context to use: the one named, else the one called like the cluster, else the kubeconfig
 * that provisioning left, else, without an inventory, kubectl's current one.
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
  const read: { file: string; contexts: readonly string[]; current: string | undefined }[] = [];
  for (const file of files) {
    const text = await readIfAny(file);
    if (text !== undefined) read.push({ file, ...contextsOf(text, file) });
  }
  const wanted = choice.context ?? choice.clusterName;
  const found = wanted === undefined
    ? read.find(({ current }) => current !== undefined)
    : read.find(({ contexts }) => contexts.includes(wanted));
  if (found !== undefined) return { file: found.file, context: wanted ?? found.current! };
  if (choice.context === undefined && choice.clusterName !== undefined) {
    if (choice.kubeconfig !== undefined && read[0]?.contexts.length === 1) {
      return { file: read[0].file, context: read[0].contexts[0]! };
    }
    const text = choice.stored === undefined ? undefined : await readIfAny(choice.stored);
    if (text !== undefined) {
      const { current } = contextsOf(text, choice.stored!);
      if (current !== undefined) return { file: choice.stored!, context: current };
    }
  }
  throw notFound({ files, found: read.flatMap(({ contexts }) => contexts), wanted });
}

function notFound({ files, found, wanted }: {
  readonly files: readonly string[];
  readonly found: readonly string[];
  readonly wanted: string | undefined;
}) {
  const fetchHint = "Fetch it with: k3s-tool kubeconfig; where there is no cluster yet, make it: " +
    "k3s-tool provision";
  const where = files.join(", ");
  if (found.length === 0) {
    return missingError(`There is no kubeconfig with a context in ${where}`, { hint: fetchHint });
  }
  const contexts = found.map((name) => safeText(name)).join(", ");
  if (wanted === undefined) {
    return missingError(`No context is chosen in ${where}`, {
      hint: `Choose one with --context; there are: ${contexts}.`,
    });
  }
  return missingError(`There is no context ${safeText(wanted)} in ${where}`, {
    hint: `${fetchHint}; or name one of these with --context: ${contexts}.`,
  });
}

const Kubeconfig = z.object({
  "current-context": z.string().nullish(),
  contexts: z.array(z.object({ name: z.string() })).nullish(),
});

function contextsOf(
  text: string,
  file: string,
): { contexts: readonly string[]; current: string | undefined } {
  let value: unknown;
  try {
    value = parse(text);
  } catch (cause) {
    throw usageError("The kubeconfig is not YAML", { where: { file }, cause });
  }
  const result = Kubeconfig.safeParse(value ?? {});
  if (!result.success) {
    throw usageError("The kubeconfig is not understood", {
      where: { file },
      hint: "Look at it with: kubectl config view",
      cause: result.error,
    });
  }
  const contexts = (result.data.contexts ?? []).map(({ name }) => name);
  const current = result.data["current-context"];
  return { contexts, current: current && contexts.includes(current) ? current : undefined };
}

async function readIfAny(file: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(file);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return undefined;
    const why = (cause as Error).message;
    throw usageError(`The kubeconfig cannot be read: ${why}`, { where: { file }, cause });
  }
}
