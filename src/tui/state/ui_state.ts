/**
 * What a person did to the screen, and how each step changes it. Pure.
 *
 * @module
 */

import type { Tone } from "../../view/words/tone.ts";
import type { PaneId } from "../draw/layout.ts";
import {
  type ListRows,
  type ListState,
  moveBy,
  reconcile,
  scrollBy,
  select,
  UNTOUCHED,
} from "./list_state.ts";
import type { Sorting } from "../../view/lists/list.ts";
import { type Overlay, typed, typedDigits } from "./overlays.ts";
import {
  changeTop,
  type LogView,
  type NewScreen,
  open,
  type Screen,
  type ScreenKind,
} from "./screens.ts";
import {
  clamp,
  fitScroll,
  followScroll,
  paged,
  scrolled,
  type TextSize,
  wheeled,
} from "./scroll_state.ts";

/** A sentence above the footer. */
export interface StatusLine {
  readonly text: string;
  readonly tone: Tone;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** More will follow: it stays until then. */
  readonly goesOn: boolean;
}

/** All of it. */
export interface UiState {
  readonly lists: Readonly<Record<PaneId, ListState>>;
  readonly focus: PaneId;
  readonly zoomed: boolean;
  readonly warningsOnly: boolean;
  /** Over the lists, the latest last. */
  readonly screens: readonly Screen[];
  readonly overlay: Overlay | undefined;
  readonly status: StatusLine | undefined;
  /** Counts screens, so that each has an id of its own. */
  readonly opened: number;
}

/** What the steps must know of what is shown. */
export interface Shown {
  readonly lists: Readonly<Record<PaneId, ListRows>>;
  /** The screen on top; irrelevant while that is the lists. */
  readonly text: TextSize;
  /** Choices the palette offers for what was typed. */
  readonly choices: number;
  /** Ports that are forwarded. */
  readonly forwards: number;
  /** Lines the help has, and how many of them are seen. */
  readonly help: { readonly length: number; readonly height: number };
}

/** A step. */
export type UiEvent =
  /** Moves the selection, the cursor or the text; infinite numbers go to the ends. */
  | { readonly type: "move"; readonly by: number }
  /** A whole screen of it, up or down. */
  | { readonly type: "page"; readonly pages: number }
  /** The wheel, over a list or over the text on top. */
  | { readonly type: "wheel"; readonly by: number; readonly pane: PaneId | undefined }
  | { readonly type: "select"; readonly pane: PaneId; readonly index: number }
  | { readonly type: "cursor"; readonly line: number }
  | { readonly type: "focus"; readonly pane: PaneId }
  | { readonly type: "zoom"; readonly on: boolean }
  | { readonly type: "warnings"; readonly only: boolean }
  | { readonly type: "filter"; readonly pane: PaneId; readonly text: string }
  | { readonly type: "sort"; readonly pane: PaneId; readonly sort: Sorting | undefined }
  | { readonly type: "open"; readonly screen: NewScreen }
  | { readonly type: "close" }
  | { readonly type: "log"; readonly log: LogView }
  | { readonly type: "overlay"; readonly overlay: Overlay | undefined }
  /** Text typed or pasted into the overlay. */
  | { readonly type: "type"; readonly text: string }
  | { readonly type: "say"; readonly status: StatusLine | undefined };

/** Before anybody touched anything. */
export const INITIAL_UI: UiState = {
  lists: { nodes: UNTOUCHED, workloads: UNTOUCHED, events: UNTOUCHED },
  focus: "nodes",
  zoomed: false,
  warningsOnly: false,
  screens: [],
  overlay: undefined,
  status: undefined,
  opened: 0,
};

/** The screen on top. */
export function topKind({ screens }: UiState): ScreenKind {
  return screens.at(-1)?.kind ?? "lists";
}

/** The state after a step; what is shown is fitted to it by {@linkcode fit}. */
export function reduceUi(state: UiState, event: UiEvent, shown: Shown): UiState {
  switch (event.type) {
    case "move":
      return move(state, event.by, shown);
    case "page":
      return page(state, event.pages, shown);
    case "wheel":
      return wheel(state, event, shown);
    case "select": {
      const rows = { ...shown.lists[event.pane], index: event.index };
      return withList({ ...state, focus: event.pane }, event.pane, (list) => select(list, rows));
    }
    case "cursor":
      return withTop(state, (screen) => ({
        ...screen,
        scroll: fitScroll({ ...screen.scroll, cursor: event.line }, shown.text),
      }));
    case "focus":
      return state.focus === event.pane ? state : { ...state, focus: event.pane };
    case "zoom":
      return state.zoomed === event.on ? state : { ...state, zoomed: event.on };
    case "warnings":
      return { ...state, warningsOnly: event.only };
    case "filter":
      return withList(state, event.pane, (list) => ({ ...list, filter: event.text }));
    case "sort":
      return withList(state, event.pane, (list) => ({ ...list, sort: event.sort }));
    case "open":
      return {
        ...state,
        screens: open(state.screens, { screen: event.screen, id: state.opened + 1 }),
        opened: state.opened + 1,
        overlay: undefined,
      };
    case "close":
      return { ...state, screens: state.screens.slice(0, -1) };
    case "log":
      return withTop(state, (top) => top.kind === "log" ? { ...top, log: event.log } : top);
    case "overlay":
      return { ...state, overlay: event.overlay };
    case "type":
      return type(state, event.text);
    case "say":
      return state.status === event.status ? state : { ...state, status: event.status };
  }
}

/** The state fitted to what is shown now: every selection exists, nothing is scrolled past its end. */
export function fit(state: UiState, shown: Shown): UiState {
  const lists = {
    nodes: reconcile(state.lists.nodes, shown.lists.nodes),
    workloads: reconcile(state.lists.workloads, shown.lists.workloads),
    events: reconcile(state.lists.events, shown.lists.events, { followsTop: !isAtEvent(state) }),
  };
  const moved = (Object.keys(lists) as PaneId[]).some((pane) => lists[pane] !== state.lists[pane]);
  const next = moved ? { ...state, lists } : state;
  const screens = changeTop(next.screens, (screen) => {
    const scroll = screen.kind === "log" && screen.log.follows
      ? fitScroll({ ...screen.scroll, offset: Infinity }, shown.text)
      : followScroll(screen.scroll, shown.text);
    return scroll === screen.scroll ? screen : { ...screen, scroll };
  });
  return withFittedOverlay(screens === next.screens ? next : { ...next, screens }, shown);
}

/** Whether something is open that came from an event: it is the one to go back to, and to act on. */
function isAtEvent({ focus, overlay, screens }: UiState): boolean {
  const asks = overlay !== undefined && overlay.kind !== "filter";
  return focus === "events" && (asks || screens.length > 0);
}

function withFittedOverlay(state: UiState, { choices, forwards, help }: Shown): UiState {
  const { overlay } = state;
  if (isList(overlay)) {
    const count = {
      palette: choices,
      forwards,
      choice: overlay.kind === "choice" ? overlay.choices.length : 0,
    }[overlay.kind];
    const index = clamp(overlay.index, count - 1);
    return index === overlay.index ? state : { ...state, overlay: { ...overlay, index } };
  }
  if (overlay?.kind === "help") {
    const offset = clamp(overlay.offset, help.length - help.height);
    return offset === overlay.offset ? state : { ...state, overlay: { ...overlay, offset } };
  }
  return state;
}

/** Whether one of several things is marked in it. */
function isList(overlay: UiState["overlay"]): overlay is Extract<Overlay, { index: number }> {
  return overlay !== undefined && "index" in overlay;
}

function move(state: UiState, by: number, shown: Shown): UiState {
  const { overlay } = state;
  if (isList(overlay)) {
    return { ...state, overlay: { ...overlay, index: overlay.index + by } };
  }
  if (overlay?.kind === "help") {
    return { ...state, overlay: { ...overlay, offset: overlay.offset + by } };
  }
  if (topKind(state) !== "lists") return scrollTop(state, scrolled, { by, ...shown.text });
  return withList(state, state.focus, (list) => moveBy(list, { ...shown.lists[state.focus], by }));
}

function page(state: UiState, pages: number, shown: Shown): UiState {
  if (state.overlay !== undefined || topKind(state) !== "details") {
    return move(state, pages * Math.max(1, pageHeight(state, shown) - 1), shown);
  }
  const size = { ...shown.text, pages };
  return withTop(state, (top) => ({ ...top, scroll: paged(top.scroll, size) }));
}

/** Who looks back in a log does not want it to run away; at its end it is followed again. */
function scrollTop(
  state: UiState,
  step: typeof scrolled,
  size: TextSize & { readonly by: number },
): UiState {
  const { by, length, height } = size;
  return withTop(state, (before) => {
    const screen = { ...before, scroll: step(before.scroll, size) };
    if (screen.kind !== "log") return screen;
    const atEnd = screen.scroll.offset >= length - height;
    const follows = by > 0 ? screen.log.follows || atEnd : by < 0 && atEnd && screen.log.follows;
    return { ...screen, log: { ...screen.log, follows } };
  });
}

function wheel(
  state: UiState,
  { by, pane }: { readonly by: number; readonly pane: PaneId | undefined },
  shown: Shown,
): UiState {
  if (state.overlay !== undefined) return move(state, Math.sign(by), shown);
  if (topKind(state) !== "lists") return scrollTop(state, wheeled, { by, ...shown.text });
  if (pane === undefined) return state;
  return withList(state, pane, (list) => scrollBy(list, { ...shown.lists[pane], by }));
}

function pageHeight(state: UiState, shown: Shown): number {
  if (state.overlay?.kind === "help") return shown.help.height;
  return topKind(state) === "lists" ? shown.lists[state.focus].height : shown.text.height;
}

function type(state: UiState, text: string): UiState {
  const { overlay } = state;
  switch (overlay?.kind) {
    case "filter":
      return withList(state, overlay.pane, (list) => ({
        ...list,
        filter: typed(list.filter, text),
      }));
    case "palette":
      return { ...state, overlay: { ...overlay, query: typed(overlay.query, text), index: 0 } };
    case "number": {
      const taken = typedDigits(overlay.text, text);
      const refused = taken !== overlay.text + text;
      return { ...state, overlay: { ...overlay, text: taken, refused } };
    }
    default:
      return state;
  }
}

function withList(
  state: UiState,
  pane: PaneId,
  change: (list: ListState) => ListState,
): UiState {
  const list = change(state.lists[pane]);
  return list === state.lists[pane] ? state : { ...state, lists: { ...state.lists, [pane]: list } };
}

function withTop(state: UiState, change: (screen: Screen) => Screen): UiState {
  const screens = changeTop(state.screens, change);
  return screens === state.screens ? state : { ...state, screens };
}
