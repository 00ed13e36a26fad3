/**
 * A live session that does not wait for somebody to look.
 *
 * @module
 */

import type { LiveSession } from "./live_session.ts";

/** A session that listens already. */
export interface EagerSession extends LiveSession, Disposable {}

/**
 * The same session, listening from now on: the server works while the screen is still being loaded. Its news
 * are for one listener. Disposing ends it, also where nobody ever listened.
 */
export function eager(session: LiveSession): EagerSession {
  const stop = new AbortController();
  const early = session.news(stop.signal)[Symbol.asyncIterator]();
  const first = early.next();
  first.catch(() => {}); // told to the listener
  return {
    ...session,
    news: async function* (signal) {
      signal.addEventListener("abort", () => stop.abort(signal.reason), { once: true });
      if (signal.aborted) stop.abort(signal.reason);
      try {
        for (let next = await first; !next.done; next = await early.next()) yield next.value;
      } finally {
        await early.return?.();
      }
    },
    [Symbol.dispose]: () => stop.abort(),
  };
}
