/**
 * What the mouse does: the wheel scrolls what is under it, a click selects, a click on what is
 * selected opens it. Pure.
 *
 * @module
 */

import type { CommandName } from "./key_map.ts";
import { LIST_HEAD, paneAt } from "../draw/layout.ts";
import { layoutOf, type Model } from "../state/model.ts";
import { paletteWindow } from "../draw/overlay_text.ts";
import type { Overlay } from "../state/overlays.ts";
import { paletteEntries } from "../state/palette.ts";
import type { MouseEvent } from "./mouse.ts";
import { rowsOf } from "../state/rows.ts";
import { linesOf, TITLE_LINES } from "../draw/screen_text.ts";
import type { UiEvent } from "../state/ui_state.ts";

/** Rows a notch of the wheel moves. */
const NOTCH = 3;

/** The steps of the mouse, and the command they end in. */
export interface MouseSteps {
  readonly events: readonly UiEvent[];
  readonly command?: CommandName;
}

/** Longest time between the two clicks of a double click, in milliseconds. */
const DOUBLE_CLICK_MS = 500;

/**
 * Knows a second click on the same cell: it opens what the first one selected, also where that has
 * moved from under the pointer as its list got the focus.
 */
export class Clicks {
  #last: { readonly x: number; readonly y: number; readonly at: number } | undefined;

  /** What the mouse comes to at a moment (milliseconds since the epoch). */
  steps(model: Model, event: MouseEvent, now: number): MouseSteps {
    const last = this.#last;
    this.#last = undefined;
    const isSecond = last !== undefined && event.type === "click" && event.x === last.x &&
      event.y === last.y && now - last.at <= DOUBLE_CLICK_MS;
    if (isSecond && model.ui.overlay === undefined) return { events: [], command: "open" };
    const steps = mouseSteps(model, event);
    const selects = steps.events.some(({ type }) => type === "select" || type === "cursor");
    if (selects) this.#last = { x: event.x, y: event.y, at: now };
    return steps;
  }
}

/** What the mouse comes to. */
export function mouseSteps(model: Model, { type, x, y }: MouseEvent): MouseSteps {
  const layout = layoutOf(model);
  const pane = paneAt(layout, { x, y });
  if (type !== "click") {
    const by = type === "wheel-up" ? -NOTCH : NOTCH;
    return { events: [{ type: "wheel", by, pane }] };
  }
  const { overlay, screens, lists, focus } = model.ui;
  if (overlay?.kind === "palette") return paletteSteps(model, { overlay, y });
  if (overlay !== undefined) return { events: [] };
  const top = screens.at(-1);
  if (top !== undefined) {
    const line = top.scroll.offset + y - layout.body.y - TITLE_LINES;
    const inText = y >= layout.body.y + TITLE_LINES && line < linesOf(model, top).length;
    if (top.kind !== "details" || !inText) return { events: [] };
    if (line === top.scroll.cursor) return { events: [], command: "open" };
    return { events: [{ type: "cursor", line }] };
  }
  const place = pane && layout.panes.get(pane);
  if (pane === undefined || place === undefined) return { events: [] };
  const index = lists[pane].offset + y - place.y - LIST_HEAD;
  const onRow = y >= place.y + LIST_HEAD && index < rowsOf(model, pane).keys.length;
  if (!onRow) return { events: [{ type: "focus", pane }] };
  if (pane === focus && index === lists[pane].index) return { events: [], command: "open" };
  return { events: [{ type: "select", pane, index }] };
}

/** A click marks a choice, a click on the marked one does it. */
function paletteSteps(
  model: Model,
  { overlay, y }: {
    readonly overlay: Extract<Overlay, { kind: "palette" }>;
    readonly y: number;
  },
): MouseSteps {
  const { body } = layoutOf(model);
  const entries = paletteEntries(model).length;
  const { from, height } = paletteWindow(body, overlay.index, entries);
  const row = y - (body.y + body.height - height);
  const index = from + row;
  if (row < 0 || row >= height || index >= entries) return { events: [] };
  if (index === overlay.index) return { events: [], command: "accept" };
  return { events: [{ type: "overlay", overlay: { ...overlay, index } }] };
}
