/**
 * Rows as an aligned, borderless table, as kubectl's users expect it.
 *
 * @module
 */

import stringWidth from "fast-string-width";
import { isPrintableAscii, safeText } from "../../errors/safe_text.ts";
import { type Cell, cellText, cellTone, inTone, noPaint, type Paint } from "../words/tone.ts";

/** One column of a table of `R`. */
export interface Column<R> {
  readonly header: string;
  /** Only with `-o wide`. */
  readonly wide?: boolean;
  /** Left out where every cell of it is empty. */
  readonly optional?: boolean;
  readonly align?: "left" | "right";
  readonly cell: (row: R) => Cell;
}

/** Between two columns; narrow, as most tables should fit into 80 cells. */
const GAP = "  ";

/**
 * The table as text that ends with a line break; the header alone where there are no rows.
 *
 * Every cell is made harmless for the terminal here, whatever its source.
 */
export function renderTable<R>(
  columns: readonly Column<R>[],
  rows: readonly R[],
  { wide = false, paint = noPaint }: { wide?: boolean; paint?: Paint } = {},
): string {
  const isShown = ({ wide: onlyWide, optional, cell }: Column<R>) =>
    (wide || !onlyWide) && !(optional && rows.every((row) => cellText(cell(row)) === ""));
  const shown = columns.filter(isShown).map((column) => {
    const header = inTone("muted", column.header);
    return columnCells([header, ...rows.map(column.cell)], { align: column.align, paint });
  });
  const lines = [undefined, ...rows].map((_row, index) =>
    shown.map((cells) => cells[index]).join(GAP).trimEnd() + "\n"
  );
  return lines.join("");
}

/** The cells of one column, each as wide on a terminal as the widest of them. */
function columnCells(
  cells: readonly Cell[],
  { align = "left", paint }: { align: "left" | "right" | undefined; paint: Paint },
): string[] {
  const texts = cells.map((cell) => safeText(cellText(cell)));
  const widths = texts.map((text) => isPrintableAscii(text) ? text.length : stringWidth(text));
  const widest = widths.reduce((widest, width) => Math.max(widest, width), 0);
  return texts.map((text, index) => {
    const painted = paint(cellTone(cells[index]!), text);
    const padding = " ".repeat(widest - widths[index]!);
    return align === "left" ? painted + padding : padding + painted;
  });
}
