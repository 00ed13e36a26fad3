/**
 * Suggestions for a name that does not exist.
 *
 * @module
 */

/** How many names are suggested at most. */
const MOST = 3;

/** The names a word most likely means, best first; none where nothing is near. */
export function nearest(word: string, names: Iterable<string>): readonly string[] {
  const scored = [...new Set(names)]
    .map((name) => ({ name, score: unlikeness(word.toLowerCase(), name.toLowerCase()) }))
    .filter(({ score }) => score < Infinity)
    .sort((a, b) => a.score - b.score);
  const best = scored[0]?.score ?? 0;
  return scored.filter(({ score }) => score < best + 1).slice(0, MOST).map(({ name }) => name);
}

/**
 * The nearest names as a question, else where to look.
 *
 * @param otherwise a sentence for where nothing is near
 */
export function didYouMean(word: string, names: Iterable<string>, otherwise: string): string {
  const [first, ...rest] = nearest(word, names);
  if (first === undefined) return otherwise;
  const last = rest.pop();
  return `Did you mean ${
    last === undefined ? first : `${[first, ...rest].join(", ")} or ${last}`
  }?`;
}

/** 0 for the same, infinite for unrelated names: prefixes first, then typos, then a part. */
function unlikeness(word: string, name: string): number {
  if (word === name) return 0;
  if (word.length > 1 && name.startsWith(word)) return 1;
  const slips = distance(word, name);
  // A third of the letters, no more: otherwise short names are all near each other.
  if (slips <= Math.min(3, Math.floor(Math.max(word.length, name.length) / 3))) return slips;
  if (word.length > 2 && name.split(/[^a-z0-9]+/).includes(word)) return 4;
  return Infinity;
}

/** Letters to change, add, drop, or swap with the next (Damerau-Levenshtein, adjacent swaps). */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      next.push(Math.min(
        next[j - 1]! + 1,
        row[j]! + 1,
        row[j - 1]! + same,
        swapped ? before[j - 2]! + 1 : Infinity,
      ));
    }
    before = row;
    row = next;
  }
  return row[b.length]!;
}
