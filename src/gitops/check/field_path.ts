/**
 * Where a value stands in an object, as people write it: `spec.containers[0].image`.
 *
 * @module
 */

/** Keys of maps and positions in lists, from the object's root. */
export type FieldPath = readonly (string | number)[];

/** The path as text; keys that are no words stand in brackets: `labels["app.kubernetes.io/name"]`. */
export function formatFieldPath(path: FieldPath): string {
  return path.reduce<string>((text, member) => {
    if (typeof member === "number") return `${text}[${member}]`;
    if (!/^[\w-]+$/.test(member)) return `${text}[${JSON.stringify(member)}]`;
    return text === "" ? member : `${text}.${member}`;
  }, "");
}

/** Reads a JSON pointer (RFC 6901) into the object it points into. */
export function parsePointer(pointer: string, root: unknown): FieldPath {
  let at: unknown = root;
  return pointer.split("/").slice(1).map((part) => {
    const key = part.replaceAll("~1", "/").replaceAll("~0", "~");
    const member = Array.isArray(at) ? Number(key) : key;
    at = valueAt(at, [member]);
    return member;
  });
}

/** The value at a path; undefined where the path leads nowhere. */
export function valueAt(root: unknown, path: FieldPath): unknown {
  let at = root;
  for (const member of path) {
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, member)) return undefined;
    at = (at as Record<string | number, unknown>)[member];
  }
  return at;
}

/** One thing that is wrong with an object. */
export interface Finding {
  /** Where in the object. */
  readonly path: FieldPath;
  /** A sentence without a full stop, the path first. */
  readonly message: string;
}
