/**
 * Fields that objects of the API have in common, and how their texts are made harmless.
 *
 * The schemas only check: with transforms in them they take four times as long for 10,000 pods. What they let
 * through may be missing, so that the types demand `line`, `sentence` or `safeLabels` of whoever keeps it.
 *
 * @module
 */

import * as z from "zod";
import { safeText } from "../../errors/safe_text.ts";
import type { ClusterObject, Owner, Problem } from "./objects.ts";
import { parseQuantity } from "../../inventory/kubernetes_syntax.ts";

/** Messages of controllers name every container and image; this much of one is kept, in characters. */
const LONGEST_MESSAGE = 400;

/** Text, as it was sent. */
export const text = z.string().nullish();

/** A number that Go leaves out where it is zero. */
export const count = z.number().nullish();

/** A list that Go leaves out, or writes as null, where it is empty. */
export const list = <T extends z.ZodType>(item: T) => z.array(item).nullish();

/** Labels, or a selector, as they were sent. */
export const labels = z.record(z.string(), z.string()).nullish();

/** One line of harmless text; empty where there is none. */
export function line(value: string | null | undefined): string {
  return value ? safeText(value) : "";
}

/** A sentence of a controller: one harmless line, cut where it is very long. */
export function sentence(value: string | null | undefined): string {
  const said = line(value).trim();
  return said.length <= LONGEST_MESSAGE ? said : `${said.slice(0, LONGEST_MESSAGE - 1)}…`;
}

/** Harmless labels; none where there are none. */
export function safeLabels(value: z.infer<typeof labels>): Readonly<Record<string, string>> {
  const safe: Record<string, string> = {};
  for (const key in value) safe[safeText(key)] = safeText(value[key]!);
  return safe;
}

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
export const Condition = z.object({ type: text, status: text, reason: text, message: text });

/** A condition as a problem; `otherwise` where it gives no reason. */
export function problemFrom(
  condition: z.infer<typeof Condition> | undefined,
  otherwise = line(condition?.type),
): Problem | undefined {
  return condition && {
    reason: line(condition.reason) || otherwise,
    message: sentence(condition.message),
  };
}

/** What all objects have. */
export function identity(metadata: z.infer<typeof Metadata>): ClusterObject {
  return {
    uid: metadata.uid,
    name: safeText(metadata.name),
    namespace: line(metadata.namespace),
    createdAt: line(metadata.creationTimestamp) || undefined,
  };
}

/**
 * The controller of an object. A ReplicaSet stands for the Deployment it is named after: the
 * Deployment's name, then the hash that its pods carry as `pod-template-hash`.
 */
export function ownerOf(metadata: z.infer<typeof Metadata>): Owner | undefined {
  const found = metadata.ownerReferences?.find(({ controller }) => controller === true);
  if (found === undefined) return undefined;
  const [kind, name] = [line(found.kind), line(found.name)];
  const hash = metadata.labels?.["pod-template-hash"];
  return kind === "ReplicaSet" && hash !== undefined && name.endsWith(`-${hash}`)
    ? { kind: "Deployment", name: name.slice(0, -hash.length - 1) }
    : { kind, name };
}

/** An amount in base units; undefined where it is not said. */
export function amount(values: z.infer<typeof amounts>, name: string): number | undefined {
  const value = values?.[name];
  return value === undefined ? undefined : parseQuantity(String(value));
}
