/**
 * Chance that is the same every time: it follows from a seed and from what it is asked for.
 *
 * @module
 */

/** A whole number of 32 bits (FNV-1a, then the finaliser of MurmurHash3). */
function hash(seed: number, key: string): number {
  let value = 0x811c9dc5 ^ seed;
  for (let at = 0; at < key.length; at++) value = Math.imul(value ^ key.charCodeAt(at), 0x01000193);
  value = Math.imul(value ^ value >>> 16, 0x85ebca6b);
  value = Math.imul(value ^ value >>> 13, 0xc2b2ae35);
  return (value ^ value >>> 16) >>> 0;
}

/** A number from 0 up to 1. */
export function fraction(seed: number, key: string): number {
  return hash(seed, key) / 2 ** 32;
}

/** A number from 0 to 1 that wanders as time goes on: there and back in about `period` ms. */
export function drift(seed: number, key: string, now: number, period: number): number {
  const wave = (rate: number) =>
    Math.sin(2 * Math.PI * (rate * now / period + fraction(seed, key)));
  return 0.5 + 0.3 * wave(1) + 0.2 * wave(2.7);
}

/** A word of some letters: those of Kubernetes' names form no word (`rand.go`). */
export function suffix(seed: number, key: string, length = 5, set = "bcdfghjklmnpqrstvwxz2456789") {
  const letter = (_: unknown, index: number) => set[hash(seed, `${key} ${index}`) % set.length];
  return Array.from({ length }, letter).join("");
}

/** So many hexadecimal digits. */
export function hex(seed: number, key: string, length: number): string {
  return suffix(seed, key, length, "0123456789abcdef");
}

/** A UID as the API server makes them. */
export function uid(seed: number, key: string): string {
  return hex(seed, key, 32).replace(/^(.{8})(.{4}).(.{3}).(.{3})/, "$1-$2-4$3-a$4-");
}
