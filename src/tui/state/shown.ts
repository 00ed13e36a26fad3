/**
 * What the steps of the screen must know of what is shown. Pure, but for what is remembered.
 *
 * @module
 */

import { helpLines } from "../draw/help_text.ts";
import { LIST_HEAD, PANES } from "../draw/layout.ts";
import type { ListRows } from "./list_state.ts";
import { layoutOf, type Model } from "./model.ts";
import { paletteEntries } from "./palette.ts";
import { rowsOf } from "./rows.ts";
import { linesOf, TITLE_LINES } from "../draw/screen_text.ts";
import { nameOf } from "./screens.ts";
import type { TextLine } from "../draw/text_line.ts";
import type { Shown } from "./ui_state.ts";

/** A list without rows. */
const NO_ROWS: ListRows = { keys: [], height: 1 };

const NO_LINES: readonly TextLine[] = [];

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
  const lines = top === undefined ? NO_LINES : attempt(() => linesOf(model, top), NO_LINES);
  const hasCursor = top?.kind === "details";
  return {
    lists: { nodes: rows("nodes"), workloads: rows("workloads"), events: rows("events") },
    text: {
      length: lines.length,
      height,
      hasCursor,
      ...hasCursor ? { targets: targetsOf(lines) } : {},
    },
    choices: ui.overlay?.kind === "palette" ? attempt(() => paletteEntries(model).length, 0) : 0,
    help: {
      length: ui.overlay?.kind === "help" ? helpLines(model).length : 0,
      height,
    },
  };
}

/** Names of what lines open; they are asked for again with each step. */
const named = new WeakMap<readonly TextLine[], readonly (string | undefined)[]>();

function targetsOf(lines: readonly TextLine[]): readonly (string | undefined)[] {
  const known = named.get(lines);
  if (known !== undefined) return known;
  const times = new Map<string, number>();
  const names = lines.map(({ target }) => {
    if (target === undefined) return undefined;
    const name = nameOf(target);
    const before = times.get(name) ?? 0;
    times.set(name, before + 1);
    return `${name} ${before}`; // a pod's own line, then those of its events
  });
  named.set(lines, names);
  return names;
}

function attempt<T>(make: () => T, otherwise: T): T {
  try {
    return make();
  } catch {
    return otherwise;
  }
}
