/**
 * Values in the shape of a JSON document.
 *
 * @module
 */

import type * as z from "zod/mini";

/** What a shape may be made from: more than it asks for, and undefined for what is not known. */
type Source<T> = T extends readonly (infer Item)[] ? readonly Source<Item>[]
  : T extends object ? { readonly [K in keyof T]: Source<T[K]> }
  : T extends null ? null | undefined
  : T;

/** The members that a schema names, in its order; null stands for what is not known. */
export function shaped<T>(schema: z.ZodMiniType<T>, value: Source<T>): T {
  return shape(schema, value) as T;
}

function shape(schema: z.core.$ZodType, value: unknown): unknown {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  if (value === undefined || value === null) return null;
  switch (def.type) {
    case "nullable":
      return shape(def.innerType, value);
    case "array":
      return (value as readonly unknown[]).map((each) => shape(def.element, each));
    case "object": {
      const members = value as Readonly<Record<string, unknown>>;
      const shapes = Object.entries(def.shape);
      return Object.fromEntries(shapes.map(([name, each]) => [name, shape(each, members[name])]));
    }
    default:
      return value;
  }
}
