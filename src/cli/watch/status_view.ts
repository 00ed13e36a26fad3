/**
 * What shows states one after the other. Types alone.
 *
 * @module
 */

import type { LiveState } from "../../live/live_state.ts";

/** Shows states. */
export interface StatusView {
  /** Least time between two of what it shows, in milliseconds. */
  readonly paceMs: number;
  /** Whether there is enough in a state to show it. */
  isReady(state: LiveState): boolean;
  /**
   * Shows what differs from what is shown already.
   *
   * @param now milliseconds since the epoch
   * @returns after how many milliseconds it should be looked at again though nothing has happened
   */
  show(state: LiveState, now: number): Promise<number>;
}
