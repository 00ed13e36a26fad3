/**
 * What stands in a list without rows: why there are none, and what to do. Pure.
 *
 * @module
 */

import type { PaneId } from "./layout.ts";
import type { Model } from "../state/model.ts";
import { rowsOf } from "../state/rows.ts";
import { plain, type TextLine, toned } from "./text_line.ts";

/** Collections whose absence leaves a list empty. */
const NEEDED: Readonly<Record<PaneId, readonly string[]>> = {
  nodes: ["nodes"],
  workloads: ["pods", "deployments", "services"],
  events: ["events"],
};

/** The words of an empty list. */
export function emptyLines(
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
    toned("bad", `✗ ${problem.message}`),
    ...problem.hint === undefined ? [] : [plain(problem.hint)],
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
