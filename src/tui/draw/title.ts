/**
 * The rule above each part of the screen, with its name in it. Pure.
 *
 * @module
 */

import { safeText } from "../../errors/safe_text.ts";
import { cellWidth, fit } from "../../view/words/cells.ts";
import { inTone, type Paint, type Toned } from "../../view/words/tone.ts";

/** What a rule says. */
export interface Title {
  readonly name: string;
  /** How much there is of it; may be empty. */
  readonly count: string;
  /** What else is to be known, each between two pieces of the rule. */
  readonly parts: readonly Toned[];
  /** Keys act on what is below it. */
  readonly hasFocus: boolean;
  readonly width: number;
  readonly paint: Paint;
}

/** `━━ 1 Nodes 3 ── /pi ─────`, exactly as wide as asked; heavy where the focus is. */
export function titleLine({ name, count, parts, hasFocus, width, paint }: Title): string {
  const dash = hasFocus ? "━" : "─";
  const tone = hasFocus ? "accent" : "muted";
  const pieces: Toned[] = [
    inTone(tone, dash.repeat(2)),
    inTone(hasFocus ? "accent" : "plain", ` ${safeText(name)}`),
    inTone("plain", count === "" ? " " : ` ${count} `),
    ...parts.flatMap(({ text, tone: own }): Toned[] => [
      inTone(tone, dash.repeat(2)),
      inTone(own, ` ${safeText(text)} `),
    ]),
  ];
  let [line, used] = ["", 0];
  for (const { text, tone } of pieces) {
    const shown = fit(text, width - used);
    line += paint(tone, shown);
    used += cellWidth(shown);
    if (used >= width) return line;
  }
  return line + paint(tone, dash.repeat(width - used));
}
