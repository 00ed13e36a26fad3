/**
 * What is selected and seen of a list. Pure.
 *
 * The selection belongs to a row, not to a line: rows that come, go or change places around it
 * leave it where it is.
 *
 * @module
 */

import type { Sorting } from "../../view/lists/list.ts";
import { clamp, inView } from "./scroll_state.ts";

/** A list as a person left it. */
export interface ListState {
  /** Key of the selected row; undefined exactly while there is no row. */
  readonly selected: string | undefined;
  /** Where that row was last, and the first row that is seen. */
  readonly index: number;
  readonly offset: number;
  readonly filter: string;
  /** Undefined: the order the rows come in. */
  readonly sort: Sorting | undefined;
  /** Key of a row that was selected until the filter hid it. */
  readonly hidden: string | undefined;
}

/** The rows a list has now, and how many lines it has for them. */
export interface ListRows {
  readonly keys: readonly string[];
  readonly height: number;
}

/** A list nobody has touched. */
export const UNTOUCHED: ListState = {
  selected: undefined,
  index: 0,
  offset: 0,
  filter: "",
  sort: undefined,
  hidden: undefined,
};

/**
 * The list after its rows or its height have changed.
 *
 * @param options.followsTop who stands on the first row stays there: what is new comes first
 */
export function reconcile(
  list: ListState,
  { keys, height }: ListRows,
  { followsTop = false }: { readonly followsTop?: boolean } = {},
): ListState {
  if (keys.length === 0) {
    const hidden = list.filter === "" ? undefined : list.hidden ?? list.selected;
    return same(list, { ...list, selected: undefined, hidden, index: 0, offset: 0 });
  }
  const back = list.hidden === undefined ? -1 : keys.indexOf(list.hidden);
  if (back >= 0) {
    return placed({ ...list, hidden: undefined }, { keys, height, index: back });
  }
  const hidden = list.filter === "" ? undefined : list.hidden;
  const atTop = followsTop && list.index === 0 && list.offset === 0 && hidden === undefined;
  const found = list.selected === undefined || atTop ? -1 : keys.indexOf(list.selected);
  if (found < 0) {
    // It went: its neighbour. Or it is filtered out: then it comes back with the filter.
    const gone = atTop ? 0 : Math.min(list.index, keys.length - 1);
    const kept = list.filter === "" || atTop ? undefined : hidden ?? list.selected;
    return same(list, placed({ ...list, hidden: kept }, { keys, height, index: gone }));
  }
  // The row stays on its line of the screen, but for the top of a list: what comes there is seen.
  const offset = list.offset === 0 ? 0 : list.offset + found - list.index;
  return same(list, placed({ ...list, hidden, offset }, { keys, height, index: found }));
}

/** The list with the row at `index` selected, or the nearest there is. */
export function select(list: ListState, rows: ListRows & { readonly index: number }): ListState {
  if (rows.keys.length === 0) return list;
  return same(list, placed({ ...list, hidden: undefined }, rows));
}

/** The list with the selection moved by so many rows. */
export function moveBy(list: ListState, rows: ListRows & { readonly by: number }): ListState {
  return select(list, { ...rows, index: list.index + rows.by });
}

/** The list scrolled by so many rows; the selection comes along where it would leave the screen. */
export function scrollBy(list: ListState, rows: ListRows & { readonly by: number }): ListState {
  const { keys, height, by } = rows;
  if (keys.length === 0) return list;
  const offset = clamp(list.offset + by, Math.max(0, keys.length - height));
  const index = Math.max(offset, Math.min(list.index, offset + Math.max(1, height) - 1));
  return select({ ...list, offset }, { ...rows, index });
}

/** The next way to sort: the order rows come in, then each column. */
export function nextSort(
  sort: Sorting | undefined,
  headers: readonly string[],
): Sorting | undefined {
  const next = headers[sort === undefined ? 0 : headers.indexOf(sort.header) + 1];
  return next === undefined ? undefined : { header: next, descending: false };
}

/** The same column the other way round; of the order rows come in, the first column backwards. */
export function reversed(
  sort: Sorting | undefined,
  headers: readonly string[],
): Sorting | undefined {
  if (sort !== undefined) return { ...sort, descending: !sort.descending };
  return headers[0] === undefined ? undefined : { header: headers[0], descending: true };
}

function placed(
  list: ListState,
  { keys, height, index }: ListRows & { readonly index: number },
): ListState {
  const size = { length: keys.length, height };
  const { offset, cursor } = inView({ offset: list.offset, cursor: index }, size);
  return { ...list, selected: keys[cursor], index: cursor, offset };
}

/** The list as it was where nothing differs, so that nothing is drawn anew. */
function same(before: ListState, after: ListState): ListState {
  return (Object.keys(after) as (keyof ListState)[]).every((key) => before[key] === after[key])
    ? before
    : after;
}
