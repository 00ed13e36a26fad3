/**
 * Keys and steps applied to a model. Pure.
 *
 * @module
 */

import { type Effect, runCommand, type Step } from "./commands.ts";
import { commandFor, takesText } from "../keys/key_map.ts";
import { layoutOf, type Model, modeOf } from "./model.ts";
import { fit, reduceUi, type Shown, type UiEvent } from "./ui_state.ts";
import { helpLines } from "../draw/help_text.ts";
import { LIST_HEAD, PANES } from "../draw/layout.ts";
import type { ListRows } from "./list_state.ts";
import { paletteEntries } from "./palette.ts";
import { rowsOf } from "./rows.ts";
import { linesOf, TITLE_LINES } from "../draw/screen_text.ts";
import { nameOf } from "./screens.ts";
import type { TextLine } from "../../view/words/tone.ts";

/** A model after something was done, and what is still to be done outside of it. */
export interface Pressed {
  readonly model: Model;
  readonly effect?: Effect | undefined;
}

/** The model after a key, by its name in `key_names.ts`; the same where it does nothing there. */
export function pressKey(model: Model, name: string): Pressed {
  const mode = modeOf(model);
  const command = commandFor(name, { mode, pane: model.ui.focus });
  if (command !== undefined) return takeStep(model, runCommand(command, model));
  const isCharacter = [...SEGMENTS.segment(name)].length === 1;
  return { model: takesText(mode) && isCharacter ? pasteText(model, name) : model };
}

const SEGMENTS = new Intl.Segmenter();

/** The model after text that was pasted: it goes where text is typed, and does nothing elsewhere. */
export function pasteText(model: Model, text: string): Model {
  return takesText(modeOf(model)) ? applyEvents(model, [{ type: "type", text }]) : model;
}

/** The model after what a command came to. */
export function takeStep(model: Model, { events, effect }: Step): Pressed {
  const { status } = model.ui;
  // Who presses the next key has read what was said.
  const read: UiEvent[] = status === undefined || status.goesOn
    ? []
    : [{ type: "say", status: undefined }];
  return { model: applyEvents(model, [...read, ...events]), effect };
}

/** The model after steps of the screen, each fitted to what is shown then. */
export function applyEvents(model: Model, events: readonly UiEvent[]): Model {
  let { ui } = model;
  for (const event of events) {
    ui = reduceUi(ui, event, shownOf({ ...model, ui }));
    ui = fit(ui, shownOf({ ...model, ui }));
  }
  return ui === model.ui ? model : { ...model, ui };
}

/** The model with every selection and every text where what is shown now allows. */
export function fitted(model: Model): Model {
  const ui = fit(model.ui, shownOf(model));
  return ui === model.ui ? model : { ...model, ui };
}

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
      targets: hasCursor ? targetsOf(lines) : undefined,
    },
    choices: ui.overlay?.kind === "palette" ? attempt(() => paletteEntries(model).length, 0) : 0,
    forwards: model.forwards.length,
    help: { length: ui.overlay?.kind === "help" ? helpLines(model).length : 0, height },
  };
}

/** Names of what lines open: a pod's own line, then those of its events. */
function targetsOf(lines: readonly TextLine[]): readonly (string | undefined)[] {
  const times = new Map<string, number>();
  return lines.map(({ target }) => {
    if (target === undefined) return undefined;
    const name = nameOf(target);
    const before = times.get(name) ?? 0;
    times.set(name, before + 1);
    return `${name} ${before}`;
  });
}

function attempt<T>(make: () => T, otherwise: T): T {
  try {
    return make();
  } catch {
    return otherwise;
  }
}
