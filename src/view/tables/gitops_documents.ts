/**
 * Shapes of the JSON documents of `gitops status`, `gitops sync` and `gitops deploy-key`, beside
 * `apiVersion` and `kind`. Null stands for what is not known.
 *
 * @module
 */

import * as z from "zod/mini";
import { APPLIED_KINDS, SOURCE_KINDS } from "../../gitops/flux/flux_object.ts";

const text = z.nullable(z.string());

/** An object of Flux. */
export const FluxObject = z.strictObject({
  kind: z.enum([...SOURCE_KINDS, ...APPLIED_KINDS]),
  namespace: z.string(),
  name: z.string(),
  state: z.enum(["ready", "failed", "progressing", "suspended"]),
  reason: z.string(),
  message: z.string(),
  revision: text,
  updatedAt: text,
  since: text,
  from: z.string(),
  ref: z.string(),
  source: z.string(),
});

/** How GitOps stands, in the document `Status`: the worst state, and what was applied last. */
export const GITOPS = z.strictObject({
  installed: z.nullable(z.boolean()),
  state: z.nullable(FluxObject.shape.state),
  revision: text,
  updatedAt: text,
  items: z.array(FluxObject),
});

/** Document `GitopsStatus` of `gitops status`. */
export const GITOPS_STATUS = {
  cluster: text,
  server: z.string(),
  items: z.array(FluxObject),
  gaps: z.array(z.string()),
  warnings: z.array(z.string()),
};

/** Document `GitopsSync` of `gitops sync`. */
export const GITOPS_SYNC = {
  server: z.string(),
  revision: text,
  finished: z.boolean(),
  items: z.array(FluxObject),
};

/** Document `DeployKey` of `gitops deploy-key`. */
export const DEPLOY_KEY = {
  publicKey: z.string(),
  file: z.string(),
  created: z.boolean(),
  knownHosts: text,
};
