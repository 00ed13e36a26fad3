/**
 * Which fields of an object a validator knows.
 *
 * The validators of `kubernetes-models` say nothing about fields they do not know, but they read
 * every one they know, by name. So an object is handed to them behind a proxy that remembers what
 * was read; what nobody read is unknown. A map (labels, limits) is recognised by its keys being
 * listed, a part without a schema by nothing of it being read.
 *
 * @module
 */

import type { FieldPath } from "./field_path.ts";

/** An object that remembers which of its fields were read. */
export interface ReadFields {
  /** To be read in place of the object itself. */
  readonly object: object;
  /** Paths of the fields nobody asked for, though something beside them was read. */
  unread(): readonly FieldPath[];
}

interface Watched {
  readonly path: FieldPath;
  readonly target: object;
  readonly read: Set<string>;
  listed: boolean;
}

/** Watches what is read of an object made of maps, lists and plain values. */
export function readFields(object: object): ReadFields {
  const watched: Watched[] = [];
  const proxies = new Map<object, object>();
  const watch = (target: object, path: FieldPath): object => {
    const known = proxies.get(target);
    if (known !== undefined) return known;
    const entry: Watched = { path, target, read: new Set(), listed: Array.isArray(target) };
    watched.push(entry);
    const proxy = new Proxy(target, {
      get(from, key) {
        const value: unknown = Reflect.get(from, key);
        if (typeof key === "symbol") return value;
        entry.read.add(key);
        if (typeof value !== "object" || value === null || !Object.hasOwn(from, key)) return value;
        return watch(value, [...path, Array.isArray(from) ? Number(key) : key]);
      },
      ownKeys(from) {
        entry.listed = true;
        return Reflect.ownKeys(from);
      },
    });
    proxies.set(target, proxy);
    return proxy;
  };
  return {
    object: watch(object, []),
    unread: () =>
      watched.filter(({ listed, read }) => !listed && read.size > 0).flatMap((entry) =>
        Object.keys(entry.target).filter((key) => !entry.read.has(key))
          .map((key) => [...entry.path, key])
      ),
  };
}
