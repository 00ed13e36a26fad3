/**
 * Keys and steps applied to a model. Pure.
 *
 * @module
 */

import { runCommand } from "./commands.ts";
import { commandFor, takesText } from "../keys/key_map.ts";
import { type Model, modeOf } from "./model.ts";
import { shownOf } from "./shown.ts";
import type { Effect, Step } from "./step.ts";
import { fit, reduceUi, type UiEvent } from "./ui_state.ts";

/** A model after something was done, and what is still to be done outside of it. */
export interface Pressed {
  readonly model: Model;
  readonly effect?: Effect;
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
  const next = applyEvents(model, [...read, ...events]);
  return effect === undefined ? { model: next } : { model: next, effect };
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
