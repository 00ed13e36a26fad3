/**
 * What the steps of the screen must know of what is shown. Pure, but for what is remembered.
 *
 * @module
 */

import { helpLines } from "./help_text.ts";
import { LIST_HEAD, PANES } from "./layout.ts";
import type { ListRows } from "./list_state.ts";
import { layoutOf, type Model } from "./model.ts";
import { paletteEntries } from "./palette.ts";
import { rowsOf } from "./rows.ts";
import { linesOf, TITLE_LINES } from "./screen_text.ts";
import type { Shown } from "./ui_state.ts";

/** A list without rows. */
const NO_ROWS: ListRows = { keys: [], height: 1 };

/** What a model shows. */
export function shownOf(model: Model): Shown {
  const { ui } = model;
  const layout = layoutOf(model);
  const height = Math.max(1, layout.body.height - TITLE_LINES);
  const rows = (pane: typeof PANES[number]): ListRows => {
    const place = layout.panes.get(pane);
    // A list that cannot be made says so in its own place; the others live on.
    const keys = attempt(() => rowsOf(model, pane).keys, NO_ROWS.keys);
    return { keys, height: Math.max(1, (place?.height ?? LIST_HEAD + 1) - LIST_HEAD) };
  };
  const top = ui.screens.at(-1);
  return {
    lists: { nodes: rows("nodes"), workloads: rows("workloads"), events: rows("events") },
    text: {
      length: top === undefined ? 0 : attempt(() => linesOf(model, top).length, 0),
      height,
      hasCursor: top?.kind === "details",
    },
    choices: ui.overlay?.kind === "palette" ? attempt(() => paletteEntries(model).length, 0) : 0,
    help: {
      length: ui.overlay?.kind === "help" ? helpLines(model).length : 0,
      height,
    },
  };
}

function attempt<T>(make: () => T, otherwise: T): T {
  try {
    return make();
  } catch {
    return otherwise;
  }
}
