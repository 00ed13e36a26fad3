/**
 * What the screen of one object is made of: titled groups of lines.
 *
 * @module
 */

import type { ObjectReference } from "../../cluster/api/requests.ts";
import { safeText } from "../../errors/safe_text.ts";
import { aligned } from "../words/cells.ts";
import { type Cell, cellText, cellTone, inTone, type TextLine } from "../words/tone.ts";

/** Lines that belong together. */
export interface Section {
  readonly title: string;
  readonly lines: readonly TextLine[];
}

/** A line of one piece, harmless. */
export function line(cell: Cell): TextLine {
  return { segments: [inTone(cellTone(cell), safeText(cellText(cell)))] };
}

/** A named value; lines whose value is undefined or empty are left out. */
export type Field = readonly [
  name: string,
  value: Cell | undefined,
  target?: ObjectReference | undefined,
];

/** Named values, one a line, aligned. */
export function fields(all: readonly Field[]): readonly TextLine[] {
  const shown = all.filter(([, value]) => value !== undefined && cellText(value) !== "");
  return rows(shown.map(([name, value, target]) => ({
    cells: [inTone("muted", name), value!],
    target,
  })));
}

/** A section of named values. */
export function fieldSection(title: string, all: readonly Field[]): Section {
  return section(title, fields(all));
}

/** A row of cells. */
export interface Row extends Pick<TextLine, "target"> {
  readonly cells: readonly Cell[];
}

/** Rows as aligned columns, under a header where there is one. */
export function rows(all: readonly Row[], header: readonly string[] = []): readonly TextLine[] {
  if (all.length === 0) return [];
  const heading = { cells: header.map((text) => inTone("muted", text)), target: undefined };
  const table = header.length === 0 ? all : [heading, ...all];
  return aligned(table.map(({ cells }) => cells)).map((cells, row) => ({
    segments: cells.flatMap(({ text, tone, after }) =>
      after === "" ? [{ text, tone }] : [{ text, tone }, inTone("plain", after)]
    ),
    target: table[row]!.target,
  }));
}

/** A section whose emptiness is said too: nothing there is not the same as nothing known. */
export function section(title: string, lines: readonly TextLine[], empty = "none"): Section {
  return { title, lines: lines.length > 0 ? lines : [line(inTone("muted", empty))] };
}
