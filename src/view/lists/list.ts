/**
 * Lists that fill a given width exactly, of which only the visible rows are drawn.
 *
 * @module
 */

import { safeText } from "../../errors/safe_text.ts";
import { type Column, isBlank } from "../tables/table.ts";
import { NOTHING } from "../words/amounts.ts";
import { cellWidth, fit, padding } from "../words/cells.ts";
import { type Cell, cellText, cellTone, inTone, type Paint } from "../words/tone.ts";

/** One column of a list of `R`. */
export interface ListColumn<R> {
  readonly header: string;
  readonly align?: "left" | "right" | undefined;
  /** 0 is never left out; of the others the highest goes first where there is little room. */
  readonly priority: number;
  /** Takes what room is left up to what its text needs, and is cut when that is too long. */
  readonly grow?: boolean;
  /** Cells a growing column has at least, where its text needs them; default 8. */
  readonly least?: number;
  /** Cells of it that count for more than columns of priority 5 and more; default `least`. */
  readonly comfortable?: number;
  /** It is comfortable before other growing columns take what is left. */
  readonly eager?: boolean;
  /** Left out where no row has anything for it. */
  readonly optional?: boolean;
  readonly cell: (row: R) => Cell;
  /** Room that nothing else needs, up to so many cells; the cell is drawn to fill it. */
  readonly stretch?: { readonly most: number; readonly cell: (row: R, cells: number) => Cell };
  /** What rows are sorted by; undefined comes last. */
  readonly sort?: (row: R) => number | string | undefined;
}

/** A column of a table and, with what is other there, of a list. */
export interface SharedColumn<R> extends Column<R> {
  readonly list?: Partial<ListColumn<R>> & Pick<ListColumn<R>, "priority">;
}

/** What a list has of shared columns. */
export function listColumns<R>(columns: readonly SharedColumn<R>[]): readonly ListColumn<R>[] {
  return columns.flatMap(({ header, cell, align, list }) =>
    list === undefined ? [] : [{ header, cell, align, ...list }]
  );
}

/** A list: its columns, and what tells its rows apart. */
export interface ListSpec<R> {
  /** Always the same columns; `now` (milliseconds since the epoch) is for ages. */
  readonly columns: (now: number) => readonly ListColumn<R>[];
  /** Stays the same while the row stands for the same thing. */
  readonly key: (row: R) => string;
  /** What a filter looks through. */
  readonly filterText: (row: R) => string;
}

/** A text, and rows sorted by it; empty is not known, and comes last. */
export function textual<R>(text: (row: R) => string | undefined) {
  return {
    cell: (row: R) => text(row) || NOTHING,
    sort: (row: R) => text(row) || undefined,
  };
}

/** Sorts by age: what is young comes first. */
export function youngestFirst(createdAt: string | undefined): number | undefined {
  const at = createdAt === undefined ? NaN : Date.parse(createdAt);
  return Number.isNaN(at) ? undefined : -at;
}

/** A list that is sorted by a column. */
export interface Sorting {
  readonly header: string;
  readonly descending: boolean;
}

/** A list as it is drawn: `header` and each line are painted, harmless, and exactly `width` cells. */
export interface ListLayout {
  /**
   * Cells each column asks for, whether it is shown or not. Given back as `previous` they keep the
   * columns where they are while rows come and go.
   */
  readonly widths: readonly number[];
  readonly header: string;
  readonly lines: readonly string[];
}

/** From this width on two spaces stand between columns, below it one. */
const ROOMY = 100;

/** Default of `ListColumn.least`. */
const LEAST = 8;

/** From this priority on a column is left out before others get uncomfortably narrow. */
const LUXURY = 5;

/**
 * Lays out the rows that are seen.
 *
 * @param options.width cells of a line, at least 1
 * @param options.previous `widths` of the layout before, while the width stays the same
 */
export function layoutList<R>(
  columns: readonly ListColumn<R>[],
  rows: readonly R[],
  { width, paint, previous, sorted }: {
    readonly width: number;
    readonly paint: Paint;
    readonly previous?: readonly number[] | undefined;
    readonly sorted?: Sorting | undefined;
  },
): ListLayout {
  const table = columns.map((column, index) => {
    const header = inTone("muted", headerText(column.header, sorted));
    const cells = [header, ...rows.map(column.cell)].map(measured);
    const isEmpty = column.optional && rows.every((row) => isBlank(column.cell(row)));
    const widest = isEmpty ? 0 : cells.reduce((most, cell) => Math.max(most, cell.width), 0);
    return { column, cells, asked: Math.max(widest, previous?.[index] ?? 0) };
  });
  const gap = width < ROOMY ? 1 : 2;
  const asked = table.map(({ asked }) => asked);
  const shown = given(columns, asked, { width, gap });
  for (const [index, { column: { stretch }, cells }] of table.entries()) {
    const room = shown[index];
    if (stretch === undefined || room === undefined || room <= asked[index]!) continue;
    cells.splice(1, Infinity, ...rows.map((row) => measured(stretch.cell(row, room))));
  }
  const line = (row: number) => {
    let [text, used] = ["", 0];
    for (const [index, { column, cells }] of table.entries()) {
      const room = shown[index];
      if (room === undefined) continue;
      const cell = cells[row]!;
      const cut = cell.width <= room ? cell : measured({ ...cell, text: fit(cell.text, room) });
      const space = padding(cut.width, room);
      const painted = paint(cut.tone, cut.text);
      text += (used === 0 ? "" : " ".repeat(gap)) +
        (column.align === "right" ? space + painted : painted + space);
      used += room + (used === 0 ? 0 : gap);
    }
    return text + padding(used, width);
  };
  return { widths: asked, header: line(0), lines: rows.map((_row, index) => line(index + 1)) };
}

/**
 * The rows that match a filter, in their order or sorted.
 *
 * @param options.filter words that must all be found, in any order and case
 */
export function arrange<R>(
  spec: ListSpec<R>,
  rows: readonly R[],
  { filter, sort, now }: {
    readonly filter: string;
    readonly sort?: Sorting | undefined;
    readonly now: number;
  },
): readonly R[] {
  const words = filter.toLowerCase().split(/\s+/).filter((word) => word !== "");
  const found = words.length === 0 ? rows : rows.filter((row) => {
    const text = spec.filterText(row).toLowerCase();
    return words.every((word) => text.includes(word));
  });
  const by = spec.columns(now).find(({ header }) => header === sort?.header)?.sort;
  if (sort === undefined || by === undefined) return found;
  const direction = sort.descending ? -1 : 1;
  return found.map((row) => ({ row, value: by(row) }))
    .sort((a, b) => {
      if (a.value === undefined || b.value === undefined) {
        return Number(a.value === undefined) - Number(b.value === undefined);
      }
      return direction * compare(a.value, b.value);
    })
    .map(({ row }) => row);
}

/** Names with numbers in them as people count them: `pi2` before `pi10`. */
const NAMES = new Intl.Collator("en", { numeric: true });

function compare(a: number | string, b: number | string): number {
  return typeof a === "number" && typeof b === "number"
    ? a - b
    : NAMES.compare(String(a), String(b));
}

function measured(cell: Cell) {
  const text = safeText(cellText(cell));
  return { text, tone: cellTone(cell), width: cellWidth(text) };
}

function headerText(header: string, sorted: Sorting | undefined): string {
  if (sorted?.header !== header) return header;
  return `${header}${sorted.descending ? "▼" : "▲"}`;
}

/** Cells each column gets; undefined where it is left out. */
function given<R>(
  columns: readonly ListColumn<R>[],
  asked: readonly number[],
  { width, gap }: { readonly width: number; readonly gap: number },
): readonly (number | undefined)[] {
  const rooms: (number | undefined)[] = columns.map(({ optional }, index) =>
    optional && asked[index] === 0 ? undefined : asked[index]
  );
  const total = () => {
    const kept = rooms.filter((room) => room !== undefined);
    return kept.reduce((sum, room) => sum + room, Math.max(0, kept.length - 1) * gap);
  };
  const leaveOut = (from: number, cells: (column: ListColumn<R>) => number) => {
    for (const [index, column] of columns.entries()) {
      if (rooms[index] !== undefined && column.grow) {
        rooms[index] = Math.min(asked[index]!, cells(column));
      }
    }
    const byPriority = columns.map(({ priority }, index) => ({ priority, index }))
      .filter(({ priority }) => priority >= from)
      .sort((a, b) => b.priority - a.priority || b.index - a.index);
    for (const { index } of byPriority) {
      if (total() <= width) break;
      const { grow = false, least = LEAST } = columns[index]!;
      const room = rooms[index];
      if (room === undefined) continue;
      // Before it goes it may have less comfort itself.
      if (grow) rooms[index] = Math.min(room, least);
      if (!grow || total() > width) rooms[index] = undefined;
    }
  };
  leaveOut(LUXURY, ({ least = LEAST, comfortable = least }) => comfortable);
  const fits = total() <= width;
  leaveOut(
    1,
    ({ least = LEAST, comfortable = least, eager = false }) => eager && fits ? comfortable : least,
  );
  shrink(rooms, total() - width, gap);
  spread(rooms, { spare: width - total(), most: asked });
  const most = columns.map(({ stretch }, index) => Math.max(asked[index]!, stretch?.most ?? 0));
  spread(rooms, { spare: width - total(), most, even: true });
  return rooms;
}

/** Takes from the widest until all fits; what then has no room at all is left out. */
function shrink(rooms: (number | undefined)[], excess: number, gap: number): void {
  for (let left = excess; left > 0;) {
    const widest = rooms.reduce<number>(
      (best, room, index) => (room ?? 0) > (rooms[best] ?? 0) ? index : best,
      0,
    );
    const room = rooms[widest] ?? 0;
    const last = rooms.findLastIndex((each) => each !== undefined);
    if (room > 1) {
      rooms[widest] = room - 1;
      left--;
    } else if (last > 0) {
      left -= (rooms[last] ?? 0) + gap;
      rooms[last] = undefined;
    } else {
      return;
    }
  }
}

/**
 * Gives the spare cells, one after the other, to the columns that take more.
 *
 * @param options.even cells that cannot be shared evenly are given to none: bars stay comparable
 */
function spread(
  rooms: (number | undefined)[],
  { spare, most, even = false }: {
    readonly spare: number;
    readonly most: readonly number[];
    readonly even?: boolean;
  },
): void {
  let left = spare;
  while (left > 0) {
    const hungry = rooms.flatMap((room, index) =>
      room !== undefined && room < most[index]! ? [index] : []
    );
    if (hungry.length === 0) return;
    const share = Math.max(even ? 0 : 1, Math.floor(left / hungry.length));
    if (share === 0) return;
    for (const index of hungry) {
      const more = Math.min(share, most[index]! - rooms[index]!, left);
      rooms[index]! += more;
      left -= more;
    }
  }
}
