/**
 * Rows as an aligned, borderless table, as kubectl's users expect it.
 *
 * @module
 */

import { NOTHING } from "../words/amounts.ts";
import { aligned } from "../words/cells.ts";
import { type Cell, cellText, inTone, noPaint, type Paint } from "../words/tone.ts";

/** One column of a table of `R`. */
export interface Column<R> {
  readonly header: string;
  /** Only with `-o wide`. */
  readonly wide?: boolean;
  /** Left out where no row has anything for it. */
  readonly optional?: boolean;
  /** False: of the live list alone. */
  readonly table?: boolean;
  readonly align?: "left" | "right";
  readonly cell: (row: R) => Cell;
}

/** Whether a cell says nothing. */
export function isBlank(cell: Cell): boolean {
  const text = cellText(cell);
  return text === "" || text === NOTHING;
}

/** The table as text that ends with a line break; the header alone where there are no rows. */
export function renderTable<R>(
  columns: readonly Column<R>[],
  rows: readonly R[],
  { wide = false, paint = noPaint }: { wide?: boolean; paint?: Paint } = {},
): string {
  const shown = columns.filter(({ wide: onlyWide, optional, table = true, cell }) =>
    table && (wide || !onlyWide) && !(optional && rows.every((row) => isBlank(cell(row))))
  );
  const header = shown.map(({ header }) => inTone("muted", header));
  const cells = rows.map((row) => shown.map(({ cell }) => cell(row)));
  return aligned([header, ...cells], (at) => shown[at]!.align === "right").map((line) =>
    line.map(({ before, tone, text, after }) => before + paint(tone, text) + after).join("")
      .trimEnd() + "\n"
  ).join("");
}
