/**
 * News in batches, at a pace that a screen can follow.
 *
 * @module
 */

import type { Clock } from "../../process/system.ts";

/** Between two batches, in milliseconds. */
const PACE_MS = 50;

/** How news are gathered. */
export interface BatchOptions<N> {
  /** What a piece of news is about: a later one takes the place of an earlier one. */
  readonly about: (news: N) => string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * What a source tells, at most once in 50 ms, the first at once. However long nobody takes a
 * batch, no more is kept than the latest of each thing. Ends when the signal is aborted.
 *
 * @param source tells until its signal is aborted; what else it throws is thrown
 */
export async function* batches<N>(
  source: (emit: (news: N) => void, signal: AbortSignal) => Promise<unknown>,
  { about, clock, signal }: BatchOptions<N>,
): AsyncGenerator<readonly N[]> {
  const own = new AbortController();
  const both = AbortSignal.any([signal, own.signal]);
  const pending = new Map<string, N>();
  let wake = Promise.withResolvers<void>();
  let ended = false;
  let failure: { readonly error: unknown } | undefined;
  const emit = (news: N) => {
    const key = about(news);
    pending.delete(key); // so that the order is that of the latest
    pending.set(key, news);
    wake.resolve();
  };
  const work = source(emit, both).catch((error) => {
    if (!both.aborted) failure = { error };
  }).finally(() => {
    ended = true;
    wake.resolve();
  });
  try {
    for (;;) {
      wake = Promise.withResolvers();
      if (pending.size === 0 && !ended) await wake.promise;
      if (signal.aborted) return;
      if (pending.size > 0) {
        const batch = [...pending.values()];
        pending.clear();
        yield batch;
        await clock.sleep(PACE_MS, both).catch(() => {});
      } else if (failure !== undefined) {
        throw failure.error;
      } else if (ended) return;
    }
  } finally {
    own.abort(new DOMException("Nobody listens any more", "AbortError"));
    await work;
  }
}
