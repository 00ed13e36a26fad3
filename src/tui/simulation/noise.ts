/**
 * Chance that is the same every time: it follows from a seed and from what it is asked for.
 *
 * @module
 */

/** A whole number of 32 bits (FNV-1a, then the finaliser of MurmurHash3). */
function hash(seed: number, key: string): number {
  let value = 0x811c9dc5 ^ seed;
  for (let index = 0; index < key.length; index++) {
    value = Math.imul(value ^ key.charCodeAt(index), 0x01000193);
  }
  value = Math.imul(value ^ value >>> 16, 0x85ebca6b);
  value = Math.imul(value ^ value >>> 13, 0xc2b2ae35);
  return (value ^ value >>> 16) >>> 0;
}

/** A number from 0 up to 1. */
export function fraction(seed: number, key: string): number {
  return hash(seed, key) / 2 ** 32;
}

/** A number from 0 to 1 that wanders: it turns at most once in `period` milliseconds. */
export function drift(
  seed: number,
  key: string,
  { now, period }: { readonly now: number; readonly period: number },
): number {
  const at = now / period;
  const before = Math.floor(at);
  const part = at - before;
  const smooth = part * part * (3 - 2 * part);
  const from = fraction(seed, `${key} ${before}`);
  return from + (fraction(seed, `${key} ${before + 1}`) - from) * smooth;
}

/** Letters and digits that Kubernetes makes names from: none can form a word (`rand.go`). */
const LETTERS = "bcdfghjklmnpqrstvwxz2456789";

/** The random end of a pod's name. */
export function suffix(seed: number, key: string, { length = 5 } = {}): string {
  let text = "";
  for (let index = 0; index < length; index++) {
    text += LETTERS[Math.floor(fraction(seed, `${key} ${index}`) * LETTERS.length)];
  }
  return text;
}

/** A UID as the API server makes them. */
export function uid(seed: number, key: string): string {
  const word = (part: number) => hash(seed, `${key} ${part}`).toString(16).padStart(8, "0");
  const [a, b, c, d] = [word(0), word(1), word(2), word(3)];
  return `${a}-${b.slice(0, 4)}-4${b.slice(5)}-a${c.slice(1, 4)}-${c.slice(4)}${d}`;
}
