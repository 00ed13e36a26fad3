/**
 * Plays the simulated home in the time of a clock. It sets no timer: who looks brings it up to now.
 *
 * @module
 */

import type { Clock } from "../../process/system.ts";
import { advance, beginHome } from "./advance.ts";
import { type Draft, draftOf, type SimState } from "./model.ts";

/** More than this is not made up for at once after a pause, in seconds. */
const LONGEST_STEP = 600;

/** A home that lives. */
export class Player {
  readonly #clock: Pick<Clock, "now">;
  readonly #began: number;
  #state: SimState;
  #seconds = 0;

  constructor({ clock, seed }: { readonly clock: Pick<Clock, "now">; readonly seed: number }) {
    this.#clock = clock;
    this.#began = clock.now();
    this.#state = beginHome({ seed, startedAt: this.#began });
  }

  /** The home as it is now. */
  current(): SimState {
    const due = Math.floor((this.#clock.now() - this.#began) / 1000) - this.#seconds;
    const step = Math.min(due, LONGEST_STEP);
    if (step > 0) {
      this.#state = advance(this.#state, step);
      this.#seconds += step;
    }
    return this.#state;
  }

  /** Somebody changes something. */
  change(how: (draft: Draft) => void): void {
    const draft = draftOf(this.current());
    how(draft);
    this.#state = draft;
  }
}
