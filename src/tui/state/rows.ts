/**
 * The rows of each list: filtered, sorted, and drawn as far as they are seen.
 *
 * @module
 */

import type { NodeReport } from "../../reports/node_report.ts";
import type { LiveWorkload } from "../../reports/workload_report.ts";
import { EVENT_LIST, type FoldedEvent } from "../../view/lists/live_events.ts";
import { arrange, layoutList, type ListLayout, type ListSpec } from "../../view/lists/list.ts";
import { NODE_LIST } from "../../view/tables/nodes.ts";
import { eventRows, nodeRows, workloadRows } from "../../view/lists/live_rows.ts";
import { WORKLOAD_LIST } from "../../view/tables/services.ts";
import type { Paint } from "../../view/words/tone.ts";
import type { PaneId } from "../draw/layout.ts";
import type { Model } from "./model.ts";

/** What a row of each list is. */
export interface RowTypes {
  readonly nodes: NodeReport;
  readonly workloads: LiveWorkload;
  readonly events: FoldedEvent;
}

/** The rows of a list as they stand on the screen. */
export interface Arranged<R> {
  readonly rows: readonly R[];
  readonly keys: readonly string[];
  /** How many there would be without a filter. */
  readonly total: number;
}

const SPECS: { readonly [P in PaneId]: ListSpec<RowTypes[P]> } = {
  nodes: NODE_LIST,
  workloads: WORKLOAD_LIST,
  events: EVENT_LIST,
};

/** The rows of a list; made anew only when they, the filter or the order changed. */
export function rowsOf<P extends PaneId>(model: Model, pane: P): Arranged<RowTypes[P]> {
  const spec: ListSpec<RowTypes[P]> = SPECS[pane];
  const { now, memo, ui } = model;
  const { filter, sort } = ui.lists[pane];
  const all = ALL_ROWS[pane](model, ui) as readonly RowTypes[P][];
  return memo(`list of ${pane}`, [all, filter, sort], () => {
    const rows = arrange(spec, all, { filter, now, sort });
    return { rows, keys: rows.map(spec.key), total: all.length };
  });
}

const ALL_ROWS = { nodes: nodeRows, workloads: workloadRows, events: eventRows } as const;

/** The selected row. */
export function selectedRow<P extends PaneId>(model: Model, pane: P): RowTypes[P] | undefined {
  const { keys, rows } = rowsOf(model, pane);
  const { index, selected } = model.ui.lists[pane];
  if (selected === undefined) return undefined;
  return rows[keys[index] === selected ? index : keys.indexOf(selected)];
}

/** The event behind the key of a row, filtered out or not; undefined once it is kept no longer. */
export function eventOf(model: Model, key: string): FoldedEvent | undefined {
  return eventRows(model).find((event) => event.key === key);
}

/** Columns a list can be sorted by, in their order. */
export function sortHeaders(model: Model, pane: PaneId): readonly string[] {
  const columns = SPECS[pane].columns(model.now) as readonly {
    readonly header: string;
    readonly sort?: unknown;
  }[];
  return columns.filter(({ sort }) => sort !== undefined).map(({ header }) => header);
}

/** Draws the rows from `from` to before `to`. */
export function drawRows<P extends PaneId>(
  model: Model,
  pane: P,
  { from, to, width, paint, previous }: {
    readonly from: number;
    readonly to: number;
    readonly width: number;
    readonly paint: Paint;
    readonly previous: readonly number[] | undefined;
  },
): ListLayout {
  const { sort } = model.ui.lists[pane];
  const spec: ListSpec<RowTypes[P]> = SPECS[pane];
  return layoutList(spec.columns(model.now), rowsOf(model, pane).rows.slice(from, to), {
    width,
    paint,
    previous,
    sorted: sort,
  });
}
