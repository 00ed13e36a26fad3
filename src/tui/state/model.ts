/**
 * Everything a frame is made of. Pure; types and what follows from them.
 *
 * @module
 */

import type { ApiRequest } from "../../cluster/api/request_journal.ts";
import type { Content } from "./content.ts";
import { type Layout, layOut, type Size } from "../draw/layout.ts";
import { notices } from "../../view/words/notices.ts";
import { type LiveView, nodeRows } from "../../view/lists/live_rows.ts";
import type { Forward } from "./forwards.ts";
import type { Run } from "./runs.ts";
import { statusLines } from "../draw/text_line.ts";
import { topKind, type UiState } from "./ui_state.ts";

/** A change that was asked for, and what came of it. */
export interface Done {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly text: string;
  readonly failed: boolean;
}

/** How the program was started. */
export interface Settings {
  /** Nothing that changes the cluster is offered. */
  readonly readOnly: boolean;
  /** Hosts can be provisioned from here. */
  readonly canProvision: boolean;
}

/** All of it. */
export interface Model extends LiveView {
  readonly ui: UiState;
  readonly size: Size;
  /** By the id of the screen. */
  readonly contents: ReadonlyMap<number, Content>;
  readonly requests: readonly ApiRequest[];
  /** The latest last. */
  readonly done: readonly Done[];
  /** Ports that lead into pods from here. */
  readonly forwards: readonly Forward[];
  readonly settings: Settings;
  /** The latest run, from here or from another terminal; undefined before the first. */
  readonly run: Run | undefined;
}

/** Where everything is on the screen now. */
export function layoutOf(model: Model): Layout {
  const { ui, size } = model;
  return layOut({
    size,
    focus: ui.focus,
    zoomed: ui.zoomed,
    status: statusLines(ui.status, size.columns).length,
    nodes: nodeRows(model).length,
    header: notices(model).length > 0 ? 3 : 2,
  });
}

/** What the keys speak to: the overlay, else the screen on top. */
export function modeOf({ ui }: Pick<Model, "ui">) {
  return ui.overlay?.kind ?? topKind(ui);
}
