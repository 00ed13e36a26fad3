/**
 * Time that passes at once: who sleeps longest wakes last, and nobody waits.
 *
 * @module
 */

import type { Clock } from "../../src/process/system.ts";

/** A clock whose time passes while everybody sleeps. */
export class VirtualClock implements Clock {
  #now: number;
  readonly #sleepers = new Set<{ readonly at: number; readonly wake: () => void }>();
  #due = false;

  constructor(start = Date.parse("2026-11-23T12:00:00Z")) {
    this.#now = start;
  }

  now(): number {
    return this.#now;
  }

  /** Goes on by hand. */
  pass(ms: number): void {
    this.#now += ms;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const onAbort = () => {
        this.#sleepers.delete(sleeper);
        reject(signal?.reason);
      };
      const sleeper = {
        at: this.#now + ms,
        wake: () => {
          signal?.removeEventListener("abort", onAbort);
          resolve();
        },
      };
      this.#sleepers.add(sleeper);
      signal?.addEventListener("abort", onAbort, { once: true });
      this.#wakeNext();
    });
  }

  /** When all that can be done now is done, the first sleeper wakes. */
  #wakeNext(): void {
    if (this.#due) return;
    this.#due = true;
    setTimeout(() => {
      this.#due = false;
      const [first] = [...this.#sleepers].sort((a, b) => a.at - b.at);
      if (first === undefined) return;
      this.#sleepers.delete(first);
      this.#now = Math.max(this.#now, first.at);
      first.wake();
      if (this.#sleepers.size > 0) this.#wakeNext();
    });
  }
}
