/**
 * How long to wait after a failure.
 *
 * @module
 */

/** Bounds of a wait, in milliseconds, and where chance comes from. */
export interface BackoffOptions {
  readonly baseMs: number;
  readonly limitMs: number;
  /** At least 0, below 1. */
  readonly random: () => number;
}

/**
 * Milliseconds to wait after so many failures in a row: doubled each time up to the limit, and up
 * to a half less by chance, so that many who failed together do not come back together.
 */
export function backoff(failures: number, { baseMs, limitMs, random }: BackoffOptions): number {
  const full = Math.min(limitMs, baseMs * 2 ** Math.max(0, failures - 1));
  return Math.round(full * (1 - random() / 2));
}
