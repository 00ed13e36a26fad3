/**
 * Fields that objects of the API have in common, made harmless as they are read.
 *
 * @module
 */

import * as z from "zod";
import { safeText } from "../errors/safe_text.ts";
import type { ClusterObject, Owner } from "./objects.ts";
import { parseQuantity } from "./quantity.ts";

/** Messages of controllers name every container and image; this much of one is kept, in characters. */
const LONGEST_MESSAGE = 400;

/** One line of text; empty where there is none. */
export const text = z.string().nullish().transform((value) => safeText(value ?? ""));

/** A sentence of a controller, cut where it is very long. */
export const message = z.string().nullish().transform((value) => {
  const said = safeText(value ?? "").trim();
  return said.length <= LONGEST_MESSAGE ? said : `${said.slice(0, LONGEST_MESSAGE - 1)}…`;
});

/** A number that Go leaves out where it is zero. */
export const count = z.number().nullish().transform((value) => value ?? 0);

/** A list that Go leaves out, or writes as null, where it is empty. */
export const list = <T extends z.ZodType>(item: T) =>
  z.array(item).nullish().transform((value) => value ?? []);

/** Labels, or a selector. */
export const labels = z.record(z.string(), z.string()).nullish().transform((value) => {
  const safe: Record<string, string> = {};
  for (const key in value) safe[safeText(key)] = safeText(value[key]!);
  return safe;
});

/** Amounts by resource. */
export const amounts = z.record(z.string(), z.union([z.string(), z.number()])).nullish();

/** `metadata` as far as it is kept. */
export const Metadata = z.object({
  uid: z.string(),
  name: z.string(),
  namespace: text,
  creationTimestamp: text,
  deletionTimestamp: z.string().nullish(),
  labels,
  ownerReferences: list(z.object({ kind: text, name: text, controller: z.boolean().nullish() })),
});

/** What a controller says of an object, one aspect each. */
export const Condition = z.object({ type: text, status: text, reason: text, message });

/** What all objects have. */
export function identity(metadata: z.infer<typeof Metadata>): ClusterObject {
  return {
    uid: metadata.uid,
    name: safeText(metadata.name),
    namespace: metadata.namespace,
    createdAt: metadata.creationTimestamp || undefined,
  };
}

/**
 * The controller of an object. A ReplicaSet stands for the Deployment it is named after: the
 * Deployment's name, then the hash that its pods carry as `pod-template-hash`.
 */
export function ownerOf(metadata: z.infer<typeof Metadata>): Owner | undefined {
  const found = metadata.ownerReferences.find(({ controller }) => controller === true);
  if (found === undefined) return undefined;
  const { kind, name } = found;
  const hash = metadata.labels["pod-template-hash"];
  return kind === "ReplicaSet" && hash !== undefined && name.endsWith(`-${hash}`)
    ? { kind: "Deployment", name: name.slice(0, -hash.length - 1) }
    : { kind, name };
}

/** An amount in base units; undefined where it is not said. */
export function amount(values: z.infer<typeof amounts>, name: string): number | undefined {
  const value = values?.[name];
  return value === undefined ? undefined : parseQuantity(String(value));
}
