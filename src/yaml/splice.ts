/**
 * Changes of a text by ranges; every byte outside the ranges stays.
 *
 * @module
 */

/** Replaces what stands between two offsets. */
export interface Splice {
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
  readonly text: string;
}

/** The text with all splices applied; they speak of the text as it was and must not overlap. */
export function applySplices(text: string, splices: readonly Splice[]): string {
  const ordered = [...splices].sort((a, b) => a.start - b.start || a.end - b.end);
  let result = "";
  let done = 0;
  for (const splice of ordered) {
    if (splice.start < done) throw new Error("overlapping splices");
    result += text.slice(done, splice.start) + splice.text;
    done = splice.end;
  }
  return result + text.slice(done);
}
