/**
 * When a frame is due: soon after news, once a second while something shows seconds, else hardly
 * ever. There is no timer that runs faster than what is seen changes.
 *
 * @module
 */

import { showsSeconds } from "../../view/words/amounts.ts";

/** Least and most time between two frames made of news, in milliseconds. */
const NEWS_MS = { least: 100, most: 150 };

/** Frames may take one part in so many of the time. */
const SHARE = 4;

/** Time between two frames in which only ages differ, in milliseconds. */
const AGES_MS = { seconds: 1_000, minutes: 15_000 };

/** Decides when to draw. */
export class Pace {
  readonly #draw: () => void;
  readonly #now: () => number;
  readonly #showsSeconds = new Set<string>();
  #news: ReturnType<typeof setTimeout> | undefined;
  #ages: ReturnType<typeof setTimeout> | undefined;
  #lastDraw = -Infinity;
  #cost = 0;
  #closed = false;

  constructor({ draw, now }: { readonly draw: () => void; readonly now: () => number }) {
    this.#draw = draw;
    this.#now = now;
  }

  /** There is news. */
  request(): void {
    if (this.#news !== undefined || this.#closed) return;
    const gap = Math.max(NEWS_MS.least, Math.min(NEWS_MS.most, SHARE * this.#cost));
    const wait = Math.max(0, Math.min(gap, this.#lastDraw + gap - this.#now()));
    this.#news = setTimeout(() => {
      this.#news = undefined;
      this.#draw();
    }, wait);
  }

  /** Runs what makes a frame, and plans the next one. */
  frame(make: () => void): void {
    const began = performance.now();
    make();
    // React draws in a task of its own, right after what told it to.
    setTimeout(() => this.#cost = performance.now() - began, 0);
    this.#lastDraw = this.#now();
    this.#plan();
  }

  /** A part of the screen says whether there are seconds in what it shows. */
  note(part: string, lines: readonly string[]): void {
    const before = this.#showsSeconds.size;
    if (lines.some(showsSeconds)) this.#showsSeconds.add(part);
    else this.#showsSeconds.delete(part);
    if ((before === 0) !== (this.#showsSeconds.size === 0)) this.#plan();
  }

  /** A part of the screen is not shown any more. */
  forget(part: string): void {
    this.#showsSeconds.delete(part);
  }

  #plan(): void {
    clearTimeout(this.#ages);
    if (this.#closed) return;
    const wait = this.#showsSeconds.size > 0 ? AGES_MS.seconds : AGES_MS.minutes;
    this.#ages = setTimeout(this.#draw, wait);
  }

  /** No frame is drawn any more. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#news);
    clearTimeout(this.#ages);
  }
}
