/**
 * What is said above the footer, in lines that fit the terminal. Pure.
 *
 * @module
 */

import { type TextLine, toned, wrapLine } from "./text_line.ts";
import type { StatusLine } from "../state/ui_state.ts";

/** Lines it may take; results of changes are whole in the screen of requests. */
const MOST_LINES = 3;

/** The lines; none where nothing is said. What does not fit the last one is cut when it is drawn. */
export function statusLines(status: StatusLine | undefined, width: number): readonly TextLine[] {
  if (status === undefined) return [];
  const { text, tone, goesOn } = status;
  const words = goesOn ? `${text.replace(/\.$/, "")}…` : text;
  const lines = wrapLine(toned(tone, words), { width: Math.max(1, width), indent: 2 });
  const rest = lines.slice(MOST_LINES - 1).flatMap(({ segments }) => segments);
  return lines.length <= MOST_LINES
    ? lines
    : [...lines.slice(0, MOST_LINES - 1), { segments: rest }];
}
