/**
 * A list as lines: its title, the names of its columns, the rows that are seen.
 *
 * @module
 */

import { padding } from "../../view/words/cells.ts";
import type { CollectionName } from "../../cluster/watch/cluster_state.ts";
import { inTone, type Paint, type TextLine, type Toned } from "../../view/words/tone.ts";
import { LIST_HEAD, MARGIN, type PaneId, PANES, type Rectangle } from "./layout.ts";
import { layoutOf, type Model } from "../state/model.ts";
import { dimmed, drawLine, inverse, titleLine, toned, wrapLine } from "./text_line.ts";
import { drawRows, rowsOf } from "../state/rows.ts";
import { problemLines } from "./screen_text.ts";

/** How a list is drawn. */
export interface PaneDrawing {
  readonly pane: PaneId;
  readonly place: Rectangle;
  readonly paint: Paint;
  /** Widths of the columns in the drawing before. */
  readonly previous: readonly number[] | undefined;
}

/** What each list is called, and the collections whose absence leaves it empty. */
const LISTS: Readonly<Record<PaneId, { readonly name: string; readonly needs: Collections }>> = {
  nodes: { name: "Nodes", needs: ["nodes"] },
  workloads: { name: "Workloads", needs: ["pods", "deployments", "services"] },
  events: { name: "Events", needs: ["events"] },
};

type Collections = readonly CollectionName[];

/** Draws a list. */
export function drawPane(model: Model, drawing: PaneDrawing) {
  const { pane, place, paint, previous } = drawing;
  const { ui, live } = model;
  const list = ui.lists[pane];
  const arranged = rowsOf(model, pane);
  const hasFocus = ui.focus === pane && ui.screens.length === 0;
  const width = place.width - MARGIN;
  const to = list.offset + Math.max(0, place.height - LIST_HEAD);
  const layout = drawRows(model, pane, { from: list.offset, to, width, paint, previous });
  const isOld = live.connection.state === "lost";
  const rows = layout.lines.map((line, index) => {
    const isSelected = list.offset + index === list.index;
    if (isSelected && hasFocus) return inverse(`› ${line}`);
    const shown = `${isSelected ? "›" : " "} ${line}`;
    return isOld ? dimmed(shown, paint) : shown;
  });
  const words = () =>
    emptyLines(model, pane, arranged.total)
      .flatMap((line) => wrapLine(line, { width: width - MARGIN }))
      .map((line) => drawLine(line, { width, paint }));
  const body = arranged.keys.length === 0
    ? words().map((line) => `  ${line}`)
    : [`  ${layout.header}`, ...rows];
  const lines = [paneTitle(model, drawing), ...body].slice(0, place.height);
  while (lines.length < place.height) lines.push(padding(0, place.width));
  return { lines, widths: layout.widths };
}

function paneTitle(model: Model, { pane, place: { width }, paint }: PaneDrawing): string {
  const { ui, live } = model;
  const { filter, sort } = ui.lists[pane];
  const { keys: { length }, total } = rowsOf(model, pane);
  const typing = ui.overlay?.kind === "filter" && ui.overlay.pane === pane;
  const isKnown = total > 0 || live.cluster[LISTS[pane].needs[0]!] !== undefined;
  const count = !isKnown ? "" : filter === "" ? `${length}` : `${length} of ${total}`;
  const parts: Toned[] = [];
  if (filter !== "" || typing) {
    parts.push(inTone(typing ? "accent" : "warn", `/${filter}${typing ? "▏" : ""}`));
  }
  if (pane === "events" && ui.warningsOnly) parts.push(inTone("warn", "warnings only"));
  if (sort !== undefined) {
    const way = sort.descending ? ", reversed" : "";
    parts.push(inTone("muted", `by ${sort.header.toLowerCase()}${way}`));
  }
  // Those behind it, under the keys that show them.
  if (layoutOf(model).panes.size === 1) {
    parts.push(inTone("muted", PANES.filter((other) => other !== pane).map(named).join("  ")));
  }
  return titleLine(named(pane), { count, parts, hasFocus: ui.focus === pane, width, paint });
}

function named(pane: PaneId): string {
  return `${PANES.indexOf(pane) + 1} ${LISTS[pane].name}`;
}

/** The words of an empty list. */
function emptyLines(model: Model, pane: PaneId, total: number): readonly TextLine[] {
  const { ui, live } = model;
  const { filter } = ui.lists[pane];
  if (total > 0 && filter !== "") {
    return [toned("muted", `Nothing matches ${filter}; Esc clears the filter.`)];
  }
  const { connection, cluster, gaps } = live;
  const { needs } = LISTS[pane];
  const gap = needs.map((what) => gaps.get(what)).find((words) => words !== undefined);
  if (gap !== undefined) return [toned("warn", `! ${gap}`)];
  const isListed = needs.some((what) => cluster[what] !== undefined);
  if (isListed) return [toned("muted", nothing(pane, ui.warningsOnly))];
  if (connection.state === "live") return [toned("muted", "Being listed…")];
  const { problem } = connection;
  if (problem === undefined) return [toned("muted", "Connecting…")];
  // Said once, in the first list that has room for it; the header says it too, but cuts it.
  const speaker: PaneId = rowsOf(model, "nodes").total === 0 ? "nodes" : "workloads";
  if (pane !== speaker && !ui.zoomed) return [toned("muted", "Not known yet.")];
  return [
    ...problemLines(problem),
    toned("muted", "It is retried automatically; r retries now, ? shows all keys, q quits."),
  ];
}

function nothing(pane: PaneId, warningsOnly: boolean): string {
  switch (pane) {
    case "nodes":
      return "The cluster has no nodes, and there is no inventory with hosts.";
    case "workloads":
      return "Nothing runs in the cluster yet.";
    case "events":
      return warningsOnly ? "No warnings; w shows all events." : "No events.";
  }
}
