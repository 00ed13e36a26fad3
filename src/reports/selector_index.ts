/**
 * Things by their labels, for selectors.
 *
 * @module
 */

/** What a selector is held against. */
export interface Labelled {
  readonly namespace: string;
}

/** Labels that must all be there. */
export type Selector = Readonly<Record<string, string>>;

/**
 * A function that finds what a selector selects in a namespace; an empty one selects nothing.
 *
 * 500 services over 10,000 pods are five million comparisons: only what carries the rarest label of
 * a selector is compared with the rest of it.
 *
 * @param options.selectors those that will be asked for: their keys alone are indexed
 */
export function selectorIndex<T extends Labelled>(
  things: Iterable<T>,
  { labelsOf, selectors }: {
    readonly labelsOf: (thing: T) => Selector;
    readonly selectors: Iterable<{ readonly namespace: string; readonly selector: Selector }>;
  },
): (namespace: string, selector: Selector) => readonly T[] {
  const spaces = new Map<string, Map<string, Map<string, T[]>>>();
  for (const { namespace, selector } of selectors) {
    const keys = spaces.get(namespace) ?? new Map<string, Map<string, T[]>>();
    spaces.set(namespace, keys);
    for (const key of Object.keys(selector)) if (!keys.has(key)) keys.set(key, new Map());
  }
  for (const thing of things) {
    const labels = labelsOf(thing);
    for (const [key, values] of spaces.get(thing.namespace) ?? []) {
      const value = labels[key];
      if (value === undefined) continue;
      const known = values.get(value);
      if (known === undefined) values.set(value, [thing]);
      else known.push(thing);
    }
  }
  return (namespace, selector) => {
    const pairs = Object.entries(selector);
    const keys = spaces.get(namespace);
    if (pairs.length === 0 || keys === undefined) return [];
    const sets = pairs.map(([key, value]) => keys.get(key)?.get(value) ?? []);
    const fewest = sets.reduce((best, set) => set.length < best.length ? set : best);
    if (pairs.length === 1) return fewest;
    return fewest.filter((thing) => {
      const labels = labelsOf(thing);
      return pairs.every(([key, value]) => labels[key] === value);
    });
  };
}
