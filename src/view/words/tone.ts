/**
 * What a cell means, apart from how a terminal shows it.
 *
 * @module
 */

import type { ObjectReference } from "../../cluster/api/requests.ts";

/** Meaning of a piece of text; always paired with a word or sign, never alone. */
export type Tone = "plain" | "good" | "warn" | "bad" | "muted" | "accent";

/** Text with a meaning. */
export interface Toned {
  readonly text: string;
  readonly tone: Tone;
}

/** A text in a tone. */
export function inTone(tone: Tone, text: string): Toned {
  return { text, tone };
}

/** A line in pieces, as long as it needs to be. */
export interface TextLine {
  readonly segments: readonly Toned[];
  /** What it speaks of, where that can be looked at. */
  readonly target?: ObjectReference | undefined;
}

/** A cell of a table. */
export type Cell = string | Toned;

/** The text of a cell. */
export function cellText(cell: Cell): string {
  return typeof cell === "string" ? cell : cell.text;
}

/** The tone of a cell. */
export function cellTone(cell: Cell): Tone {
  return typeof cell === "string" ? "plain" : cell.tone;
}

/** Colours a text by its meaning; the identity where there is no colour. */
export type Paint = (tone: Tone, text: string) => string;

/** Leaves every text as it is. */
export const noPaint: Paint = (_tone, text) => text;
