/**
 * A limit of time for a request.
 *
 * @module
 */

import type { Clock } from "../../process/system.ts";

/** How long something may take. */
export interface Limit {
  readonly clock: Clock;
  readonly ms: number;
  /** Aborted when it is not wanted any more. */
  readonly signal: AbortSignal;
  /** What is thrown where it takes longer. */
  readonly error: () => Error;
}

/** Does something for so long at most; the signal it is given is aborted when it is to end. */
export async function limited<T>(
  work: (signal: AbortSignal) => Promise<T>,
  { clock, ms, signal, error }: Limit,
): Promise<T> {
  const limit = new AbortController();
  const done = new AbortController();
  const { promise: ended, reject } = Promise.withResolvers<never>();
  limit.signal.addEventListener("abort", () => reject(limit.signal.reason), { once: true });
  const onAbort = () => limit.abort(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  clock.sleep(ms, done.signal).then(() => limit.abort(error()), () => {});
  try {
    return await Promise.race([work(limit.signal), ended]);
  } finally {
    done.abort();
    signal.removeEventListener("abort", onAbort);
  }
}
