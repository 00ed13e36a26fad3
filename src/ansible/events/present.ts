/**
 * What a k3s runs with that somebody else installed, as the module `k3s_present` reads it on its host.
 *
 * @module
 */

import * as z from "zod/mini";
import { safeText } from "../../errors/safe_text.ts";

/** More are no options of one k3s. */
const MOST = 500;

// Hosts are not trusted: what has another shape is no answer, and texts are made harmless for a terminal.
const line = z.string().check(z.overwrite(safeText), z.maxLength(1000));
const optional = z.catch(z.nullish(line), undefined);
const value = z.union([line, z.array(line).check(z.maxLength(MOST))]);

/** The value of an option, as text; a list where k3s takes one. */
export type OptionValue = z.infer<typeof value>;

const difference = z.object({ option: line, now: value, then: value, restart: z.boolean() });

/** An option that k3s would run with otherwise. */
export type OptionDifference = z.infer<typeof difference>;

/** Facts of a k3s on a host. */
export const PresentFacts = z.object({
  /** Its unit; null where there is no k3s. */
  unit: optional,
  /** The unit is this tool's. */
  own: z.boolean(),
  /** It is, and k3s does not run with it: a run was interrupted. */
  unfinished: z._default(z.boolean(), false),
  active: z.boolean(),
  mode: z.nullable(z.enum(["server", "agent"])),
  version: optional,
  node: optional,
  /** The address that it gives the node. */
  address: optional,
  tailscale_ip: optional,
  datastore: optional,
  /** Digest of the cluster's CA. */
  cluster: optional,
  /** Names that the server's certificate has by itself. */
  names: z._default(z.array(line).check(z.maxLength(MOST)), []),
  /** Secrets are without their values. */
  options: z.record(line, value),
  problems: z.array(z.object({ id: line, message: line, hint: line })).check(z.maxLength(MOST)),
  /** Where it was compared with what the inventory makes of it. */
  differences: z.optional(z.array(difference).check(z.maxLength(MOST))),
  /** Why it has to be restarted; empty where it need not be. */
  restart: optional,
});

/** Facts of a k3s on a host. */
export type PresentFacts = z.infer<typeof PresentFacts>;
