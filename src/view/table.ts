/**
 * Rows as an aligned, borderless table, as kubectl's users expect it.
 *
 * @module
 */

import Table from "cli-table3";
import { safeText } from "../errors/safe_text.ts";
import { type Cell, cellText, cellTone, type Tone } from "./tone.ts";

/** One column of a table of `R`. */
export interface Column<R> {
  readonly header: string;
  /** Only with `-o wide`. */
  readonly wide?: boolean;
  readonly align?: "left" | "right";
  readonly cell: (row: R) => Cell;
}

/** Colours a text by its meaning; the identity where there is no colour. */
export type Paint = (tone: Tone, text: string) => string;

/** Leaves every text as it is. */
export const noPaint: Paint = (_tone, text) => text;

const NO_BORDERS = {
  top: "",
  "top-mid": "",
  "top-left": "",
  "top-right": "",
  bottom: "",
  "bottom-mid": "",
  "bottom-left": "",
  "bottom-right": "",
  left: "",
  "left-mid": "",
  mid: "",
  "mid-mid": "",
  right: "",
  "right-mid": "",
  middle: "   ",
};

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
  const shown = columns.filter((column) => wide || !column.wide);
  const table = new Table({
    chars: NO_BORDERS,
    style: { "padding-left": 0, "padding-right": 0, head: [], border: [], compact: true },
    colAligns: shown.map((column) => column.align ?? "left"),
  });
  table.push(shown.map((column) => paint("muted", column.header)));
  for (const row of rows) {
    table.push(shown.map((column) => {
      const cell = column.cell(row);
      return paint(cellTone(cell), safeText(cellText(cell)));
    }));
  }
  return table.toString().split("\n").map((line) => line.trimEnd()).join("\n") + "\n";
}
