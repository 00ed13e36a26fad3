/** How long to wait, and what for. */
export interface WaitOptions {
  /** Seconds after which waiting fails; 60 without it, which a busy machine may take for anything. */
  limit?: number;
  /** What is waited for, as it completes "waited 30 s for …". */
  what: string;
  /** Milliseconds between two looks, at least; 100 without it. */
  interval?: number;
}

/** Thrown by waitFor when its limit has passed. */
export class WaitError extends Error {
  override name = "WaitError";
}

/**
 * Asks again and again until the condition gives something other than false, null or undefined, and
 * returns that. An error it throws counts as "not yet", and is named if the limit passes. At most a third of the time is
 * spent on asking: a kubectl takes the processors for as long as a node needs them to start.
 */
export async function waitFor<T>(
  condition: () => Promise<T> | T,
  { limit = 60, what, interval = 100 }: WaitOptions,
): Promise<Exclude<T, false | null | undefined>> {
  const end = performance.now() + limit * 1000;
  let last: unknown;
  while (true) {
    const began = performance.now();
    try {
      const value = await condition();
      if (value !== false && value !== null && value !== undefined) {
        return value as Exclude<T, false | null | undefined>;
      }
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (performance.now() >= end) {
      const why = last instanceof Error ? `; last error: ${last.message}` : "";
      throw new WaitError(`waited ${limit} s for ${what}${why}`);
    }
    const now = performance.now();
    const pause = Math.min(Math.max(interval, 2 * (now - began)), end - now);
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}
