/**
 * What the screen of one object is made of: titled groups of lines.
 *
 * @module
 */

import type { ObjectReference } from "../../cluster/api/requests.ts";
import { safeText } from "../../errors/safe_text.ts";
import { cellWidth, padding } from "../words/cells.ts";
import { type Cell, cellText, cellTone, inTone, type Toned } from "../words/tone.ts";

/** One line, as long as it needs to be; harmless for a terminal. */
export interface DetailLine {
  readonly segments: readonly Toned[];
  /** What it speaks of, where that can be looked at. */
  readonly target?: ObjectReference;
}

/** Lines that belong together. */
export interface Section {
  readonly title: string;
  readonly lines: readonly DetailLine[];
}

/** A line of one piece. */
export function line(cell: Cell, target?: ObjectReference): DetailLine {
  return { segments: [safe(cell)], ...target === undefined ? {} : { target } };
}

/** A named value; lines whose value is undefined or empty are left out. */
export type Field = readonly [
  name: string,
  value: Cell | undefined,
  target?: ObjectReference | undefined,
];

/** Named values, one a line, aligned. */
export function fields(all: readonly Field[]): readonly DetailLine[] {
  const shown = all.filter(([, value]) => value !== undefined && cellText(value) !== "");
  const widest = shown.reduce((most, [name]) => Math.max(most, cellWidth(name)), 0);
  return shown.map(([name, value, target]) => ({
    segments: [
      inTone("muted", name + padding(cellWidth(name), widest) + "  "),
      safe(value!),
    ],
    ...target === undefined ? {} : { target },
  }));
}

/** A section of named values. */
export function fieldSection(title: string, all: readonly Field[]): Section {
  return section(title, fields(all));
}

/** A row of cells. */
export interface Row {
  readonly cells: readonly Cell[];
  readonly target?: ObjectReference;
}

/** Rows as aligned columns, under a header where there is one. */
export function rows(all: readonly Row[], header: readonly string[] = []): readonly DetailLine[] {
  const heading = header.length === 0
    ? []
    : [{ cells: header.map((text) => (inTone("muted" as const, text))) }];
  const table: readonly Row[] = all.length === 0 ? [] : [...heading, ...all];
  const widths: number[] = [];
  const safeRows = table.map(({ cells, ...rest }) => {
    const texts = cells.map(safe);
    for (const [index, { text }] of texts.entries()) {
      widths[index] = Math.max(widths[index] ?? 0, cellWidth(text));
    }
    return { texts, ...rest };
  });
  return safeRows.map(({ texts, ...rest }) => ({
    segments: texts.flatMap(({ text, tone }, index): Toned[] =>
      index === texts.length - 1 ? [{ text, tone }] : [
        { text, tone },
        inTone("plain", padding(cellWidth(text), widths[index]!) + "  "),
      ]
    ),
    ...rest,
  }));
}

/** A section whose emptiness is said too: nothing there is not the same as nothing known. */
export function section(
  title: string,
  lines: readonly DetailLine[],
  { empty = "none" }: { readonly empty?: string } = {},
): Section {
  return { title, lines: lines.length > 0 ? lines : [line(inTone("muted", empty))] };
}

function safe(cell: Cell): Toned {
  return inTone(cellTone(cell), safeText(cellText(cell)));
}
