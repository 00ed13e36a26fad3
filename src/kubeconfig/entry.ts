/**
 * The one cluster of a kubeconfig as k3s writes it.
 *
 * @module
 */

import { parseDocument } from "yaml";
import * as z from "zod";
import { usageError } from "../errors/user_error.ts";

const fields = z.record(z.string(), z.unknown());
const Incoming = z.object({
  "current-context": z.string().nullish(),
  clusters: z.array(z.object({ name: z.string(), cluster: fields })),
  users: z.array(z.object({ name: z.string(), user: fields })),
  contexts: z.array(
    z.object({
      name: z.string(),
      context: z.looseObject({ cluster: z.string(), user: z.string() }),
    }),
  ),
});

/** The cluster and user that a kubeconfig's own context leads to. */
export interface KubeconfigEntry {
  readonly cluster: Readonly<Record<string, unknown>>;
  readonly user: Readonly<Record<string, unknown>>;
}

/**
 * Reads the one context of a kubeconfig as k3s writes it.
 *
 * @throws {UserError} exit code 2 where it is none
 */
export function readEntry(text: string): KubeconfigEntry {
  const parsed = Incoming.safeParse(parsePlain(text));
  if (parsed.success) {
    const { data } = parsed;
    const wanted = data["current-context"];
    const context = data.contexts.find(({ name }) => name === wanted) ?? data.contexts[0];
    const cluster = data.clusters.find(({ name }) => name === context?.context.cluster)?.cluster;
    const user = data.users.find(({ name }) => name === context?.context.user)?.user;
    if (cluster !== undefined && user !== undefined) return { cluster, user };
  }
  throw usageError("The control plane's kubeconfig is not understood", {
    hint: "Look at /etc/rancher/k3s/k3s.yaml on the control plane.",
    ...(parsed.success ? {} : { cause: parsed.error }),
  });
}

/** A YAML text as plain values; undefined where it is not YAML. */
export function parsePlain(text: string): unknown {
  const document = parseDocument(text);
  return document.errors.length > 0 ? undefined : document.toJS();
}
