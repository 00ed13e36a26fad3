/**
 * Parts of schemas that take what is there of an object and pass over the rest.
 *
 * Details are shown of objects of any version: a field of an unknown shape is left out, it never
 * hides the others.
 *
 * @module
 */

import * as z from "zod";
import { safeText } from "../../errors/safe_text.ts";

/** One harmless line; empty where there is none. */
export const text = z.string().transform(safeText).catch("");

/** A number, or a text that stands for one (ports, quantities), as text. */
export const scalar = z.union([z.string(), z.number(), z.boolean()])
  .transform((value) => safeText(String(value))).catch("");

/** A number; undefined where there is none. */
export const number = z.number().optional().catch(undefined);

/** Truth; undefined where nothing is said. */
export const truth = z.boolean().optional().catch(undefined);

/** Texts by key. */
export const texts = z.record(z.string(), scalar).transform((values) =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [safeText(key), value]))
).catch({});

/** A list without what is not understood in it. */
export function list<T extends z.ZodType>(item: T) {
  return z.array(z.unknown()).catch([]).transform((items) =>
    items.flatMap((each): z.output<T>[] => {
      const parsed = item.safeParse(each);
      return parsed.success ? [parsed.data] : [];
    })
  );
}

/** An object of tolerant parts; one without anything where there is none. */
export function part<S extends z.ZodRawShape>(shape: S) {
  const schema = z.object(shape);
  return schema.catch(() => schema.parse({}));
}

/** An object of tolerant parts whose being there says something itself; null where there is none. */
export function optionalPart<S extends z.ZodRawShape>(shape: S) {
  return z.object(shape).nullable().catch(null);
}

/** A condition, as every kind of object has them. */
export const Condition = part({
  type: text,
  status: text,
  reason: text,
  message: text,
  lastTransitionTime: text,
}).transform(({ lastTransitionTime, ...said }) => ({
  ...said,
  since: lastTransitionTime || undefined,
}));
