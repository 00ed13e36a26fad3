/**
 * JSON that another program has written.
 *
 * @module
 */

/** What a value must be like, as zod says it. */
interface Schema<T> {
  safeParse(value: unknown): { readonly data?: T | undefined };
}

/** The value of a text; undefined where it is no JSON, or not what the schema asks for. */
export function parseJson<T>(schema: Schema<T>, text: string): T | undefined {
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
