/**
 * Text measured and cut in cells of a terminal.
 *
 * @module
 */

import stringWidth from "fast-string-width";
import { isPrintableAscii, safeText } from "../../errors/safe_text.ts";
import { type Cell, cellText, cellTone, type Toned } from "./tone.ts";

/** Splits a text into what is seen as one character. Made when it is first needed: the first one of a process takes 30 ms. */
let graphemes: Intl.Segmenter | undefined;

/** Cells a text takes; of harmless text (`safeText`) without colours. */
export function cellWidth(text: string): number {
  return isPrintableAscii(text) ? text.length : stringWidth(text);
}

/** The text, cut with `…` where it takes more than so many cells. */
export function fit(text: string, cells: number): string {
  if (cells < 1) return "";
  if (isPrintableAscii(text)) {
    return text.length <= cells ? text : `${text.slice(0, cells - 1)}…`;
  }
  if (stringWidth(text) <= cells) return text;
  graphemes ??= new Intl.Segmenter();
  let kept = "";
  let width = cellWidth("…");
  for (const { segment } of graphemes.segment(text)) {
    width += cellWidth(segment);
    if (width > cells) break;
    kept += segment;
  }
  return `${kept}…`;
}

/** The spaces that make a text of so many cells fill a field. */
export function padding(width: number, cells: number): string {
  return " ".repeat(Math.max(0, cells - width));
}

/** A cell where it stands in a table, with the spaces that bring it there. */
export interface Aligned extends Toned {
  readonly before: string;
  readonly after: string;
}

/**
 * Rows as columns two cells apart, every cell harmless, whatever its source.
 *
 * @param isRight whether the cells of a column end, rather than begin, in the same place
 */
export function aligned(
  rows: readonly (readonly Cell[])[],
  isRight: (column: number) => boolean = () => false,
): readonly (readonly Aligned[])[] {
  const texts = rows.map((cells) => cells.map((cell) => safeText(cellText(cell))));
  const widest: number[] = [];
  for (const row of texts) {
    row.forEach((text, at) => widest[at] = Math.max(widest[at] ?? 0, cellWidth(text)));
  }
  return rows.map((cells, row) =>
    cells.map((cell, at) => {
      const text = texts[row]![at]!;
      const space = padding(cellWidth(text), widest[at]!);
      const gap = at === cells.length - 1 ? "" : "  ";
      const [before, after] = isRight(at) ? [space, gap] : ["", gap === "" ? "" : space + gap];
      return { text, tone: cellTone(cell), before, after };
    })
  );
}
