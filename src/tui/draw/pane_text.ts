/**
 * A list as lines: its title, the names of its columns, the rows that are seen.
 *
 * @module
 */

import { padding } from "../../view/words/cells.ts";
import { inTone, type Paint, type TextLine, type Tone } from "../../view/words/tone.ts";
import { LIST_HEAD, MARGIN, type PaneId, PANES, type Rectangle } from "./layout.ts";
import { layoutOf, type Model } from "../state/model.ts";
import { dimmed, drawLine, inverse, plain, titleLine, toned, wrapLine } from "./text_line.ts";
import { type Arranged, drawRows, rowsOf } from "../state/rows.ts";
import { problemLines } from "./screen_text.ts";

/** How a list is drawn. */
export interface PaneDrawing {
  readonly pane: PaneId;
  readonly place: Rectangle;
  readonly paint: Paint;
  /** Widths of the columns in the drawing before. */
  readonly previous: readonly number[] | undefined;
}

const NAMES: Readonly<Record<PaneId, string>> = {
  nodes: "Nodes",
  workloads: "Workloads",
  events: "Events",
};

/** Draws a list. */
export function drawPane(model: Model, drawing: PaneDrawing) {
  const { pane, place, paint, previous } = drawing;
  const { ui, live } = model;
  const list = ui.lists[pane];
  const arranged = rowsOf(model, pane);
  const height = Math.max(0, place.height - LIST_HEAD);
  const hasFocus = ui.focus === pane && ui.screens.length === 0;
  const layout = drawRows(model, {
    pane,
    from: list.offset,
    to: list.offset + height,
    width: place.width - MARGIN,
    paint,
    previous,
  });
  const isOld = live.connection.state === "lost";
  const rows = layout.lines.map((line, index) => {
    const isSelected = list.offset + index === list.index;
    if (isSelected && hasFocus) return inverse(`› ${line}`);
    const shown = `${isSelected ? "›" : " "} ${line}`;
    return isOld ? dimmed(shown, paint) : shown;
  });
  const title = paneTitle(model, { pane, arranged, width: place.width, paint });
  const body = arranged.keys.length === 0
    ? emptyLines(model, { pane, total: arranged.total }).flatMap((line) =>
      wrapLine(line, { width: place.width - 2 * MARGIN }).map((piece) =>
        `${padding(0, MARGIN)}${drawLine(piece, { width: place.width - MARGIN, paint })}`
      )
    )
    : [`${padding(0, MARGIN)}${layout.header}`, ...rows];
  const lines = [title, ...body].slice(0, place.height);
  const blank = drawLine(plain(""), { width: place.width, paint });
  while (lines.length < place.height) lines.push(blank);
  return { lines, widths: layout.widths };
}

function paneTitle(
  model: Model,
  { pane, arranged, width, paint }: {
    readonly pane: PaneId;
    readonly arranged: Arranged<unknown>;
    readonly width: number;
    readonly paint: Paint;
  },
): string {
  const { ui, live } = model;
  const { filter, sort } = ui.lists[pane];
  const isAlone = layoutOf(model).panes.size === 1;
  const typing = ui.overlay?.kind === "filter" && ui.overlay.pane === pane;
  const shown = arranged.keys.length;
  const isKnown = arranged.total > 0 || live.cluster[COLLECTION[pane]] !== undefined;
  const count = !isKnown ? "" : filter === "" ? `${shown}` : `${shown} of ${arranged.total}`;
  const parts: { text: string; tone: Tone }[] = [];
  if (filter !== "" || typing) {
    parts.push(inTone(typing ? "accent" : "warn", `/${filter}${typing ? "▏" : ""}`));
  }
  if (pane === "events" && ui.warningsOnly) parts.push(inTone("warn", "warnings only"));
  if (sort !== undefined) {
    const way = sort.descending ? ", reversed" : "";
    parts.push(inTone("muted", `by ${sort.header.toLowerCase()}${way}`));
  }
  // Those behind it, under the keys that show them.
  if (isAlone) {
    parts.push(inTone("muted", PANES.filter((other) => other !== pane).map(named).join("  ")));
  }
  return titleLine({
    name: named(pane),
    count,
    parts,
    hasFocus: ui.focus === pane,
    width,
    paint,
  });
}

function named(pane: PaneId): string {
  return `${PANES.indexOf(pane) + 1} ${NAMES[pane]}`;
}

const COLLECTION = { nodes: "nodes", workloads: "pods", events: "events" } as const;

/** Collections whose absence leaves a list empty. */
const NEEDED: Readonly<Record<PaneId, readonly string[]>> = {
  nodes: ["nodes"],
  workloads: ["pods", "deployments", "services"],
  events: ["events"],
};

/** The words of an empty list. */
function emptyLines(
  model: Model,
  { pane, total }: { readonly pane: PaneId; readonly total: number },
): readonly TextLine[] {
  const { ui, live } = model;
  const { filter } = ui.lists[pane];
  if (total > 0 && filter !== "") {
    return [toned("muted", `Nothing matches ${filter}; Esc clears the filter.`)];
  }
  const { connection, cluster, gaps } = live;
  const gap = NEEDED[pane].map((what) => gaps.get(what)).find((words) => words !== undefined);
  if (gap !== undefined) return [toned("warn", `! ${gap}`)];
  const isListed = NEEDED[pane].some((what) => cluster[what as "nodes"] !== undefined);
  if (isListed) return [toned("muted", nothing(pane, ui.warningsOnly))];
  if (connection.state === "live") return [toned("muted", "Being listed…")];
  const { problem } = connection;
  if (problem === undefined) return [toned("muted", "Connecting…")];
  // Said once, in the first list that has room for it; the header says it too, but cuts it.
  const speaker: PaneId = rowsOf(model, "nodes").total === 0 ? "nodes" : "workloads";
  if (pane !== speaker && !ui.zoomed) return [toned("muted", "Not known yet.")];
  return [
    ...problemLines(problem),
    toned("muted", "It is tried again by itself; r tries now, ? shows all keys, q quits."),
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
