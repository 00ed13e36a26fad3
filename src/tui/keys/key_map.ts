/**
 * Every key in one table: what it does, where, and how that is said. The handling, the footer, the
 * help and the test that holds them together are made from it.
 *
 * @module
 */

import { type PaneId, PANES } from "../draw/layout.ts";
import type { Overlay } from "../state/overlays.ts";
import type { ScreenKind } from "../state/screens.ts";

/** What keys speak to. */
export type Mode = ScreenKind | Overlay["kind"];

/** Every mode. */
export const MODES: readonly Mode[] = [
  "lists",
  "details",
  "log",
  "yaml",
  "requests",
  "gitops",
  "run",
  "help",
  "palette",
  "confirm",
  "number",
  "filter",
];

const SCREENS: readonly Mode[] = ["lists", "details", "log", "yaml", "requests", "gitops", "run"];
const TEXTS: readonly Mode[] = [...SCREENS, "help"];
const INPUTS: readonly Mode[] = ["filter", "palette", "number"];
const OVER_LISTS: readonly Mode[] = ["filter", "palette"];

/** What a key does. */
export type CommandName =
  | "down"
  | "up"
  | "page-down"
  | "page-up"
  | "first"
  | "last"
  | "next-pane"
  | "previous-pane"
  | `pane-${PaneId}`
  | "open"
  | "back"
  | "filter"
  | "sort"
  | "reverse"
  | "warnings"
  | "zoom"
  | "logs"
  | "follow"
  | "previous-run"
  | "next-container"
  | "timestamps"
  | "wrap"
  | "yaml"
  | "copy"
  | "palette"
  | "requests"
  | "run"
  | "retry"
  | "help"
  | "close-help"
  | "accept"
  | "cancel"
  | "erase"
  | "erase-word"
  | "erase-all"
  | "yes"
  | "no"
  | "redraw"
  | "suspend"
  | "quit";

/** A row of the table. */
export interface Binding {
  /** Names as in `key_names.ts`. */
  readonly keys: readonly string[];
  readonly modes: readonly Mode[];
  /** Of the lists, only while one of these has the focus. */
  readonly panes?: readonly PaneId[];
  readonly command: CommandName;
  /** What it does, as the help says it. */
  readonly help: string;
  /** The same in the footer, in a word or two; without it the footer leaves it out. */
  readonly short?: string;
  /** In the footer the lowest comes first, and the highest goes first where it is narrow. */
  readonly priority?: number;
}

/** The table. */
export const KEY_MAP: readonly Binding[] = [
  { keys: ["j", "down"], modes: SCREENS, command: "down", help: "one line down" },
  { keys: ["k", "up"], modes: SCREENS, command: "up", help: "one line up" },
  {
    keys: ["j", "down"],
    modes: ["help"],
    command: "down",
    help: "one line down",
    short: "down",
    priority: 2,
  },
  {
    keys: ["k", "up"],
    modes: ["help"],
    command: "up",
    help: "one line up",
    short: "up",
    priority: 3,
  },
  { keys: ["down", "ctrl-n"], modes: OVER_LISTS, command: "down", help: "one line down" },
  { keys: ["up", "ctrl-p"], modes: OVER_LISTS, command: "up", help: "one line up" },
  { keys: ["pagedown", "ctrl-f"], modes: TEXTS, command: "page-down", help: "one page down" },
  { keys: ["pageup", "ctrl-b"], modes: TEXTS, command: "page-up", help: "one page up" },
  { keys: ["g", "home"], modes: TEXTS, command: "first", help: "to the beginning" },
  { keys: ["G", "end"], modes: TEXTS, command: "last", help: "to the end" },

  ...key("enter", ["lists", "details"], "open", {
    help: "details of what is selected",
    short: "details",
    priority: 1,
  }),
  ...key("enter", ["filter"], "accept", { help: "keep the filter", short: "keep", priority: 1 }),
  ...key("escape", ["filter"], "cancel", {
    help: "clear the filter",
    short: "clear",
    priority: 2,
  }),
  ...key("enter", ["palette"], "accept", {
    help: "do what is marked",
    short: "do it",
    priority: 1,
  }),
  ...key("enter", ["number"], "accept", { help: "go on", short: "go on", priority: 1 }),
  ...key("escape", ["palette", "number"], "cancel", {
    help: "leave it as it is",
    short: "leave",
    priority: 2,
  }),
  ...key("backspace", INPUTS, "erase", { help: "take the last character back" }),
  ...key("ctrl-w", INPUTS, "erase-word", { help: "take the last word back" }),
  ...key("ctrl-u", INPUTS, "erase-all", { help: "take everything back" }),
  ...key("y", ["confirm"], "yes", { help: "yes, do it", short: "yes", priority: 1 }),
  {
    keys: ["n", "escape"],
    modes: ["confirm"],
    command: "no",
    help: "no, leave it as it is",
    short: "no",
    priority: 2,
  },
  {
    keys: ["escape", "?", "q"],
    modes: ["help"],
    command: "close-help",
    help: "close this help",
    short: "close",
    priority: 1,
  },
  ...key("escape", ["details", "log", "yaml", "requests", "gitops", "run"], "back", {
    help: "back to where you were",
    short: "back",
    priority: 0,
  }),
  ...key("escape", ["lists"], "back", { help: "clear the filter, then leave the zoom" }),

  ...key("/", ["lists"], "filter", {
    help: "filter the list as you type",
    short: "filter",
    priority: 2,
  }),
  ...key("s", ["lists"], "sort", { help: "sort by the next column", short: "sort", priority: 6 }),
  ...key("S", ["lists"], "reverse", { help: "sort the other way round" }),
  ...key("w", ["lists"], "warnings", {
    help: "of the events only the warnings, or all",
    short: "warnings",
    priority: 8,
  }),
  ...key("z", ["lists"], "zoom", {
    help: "this list alone on the screen, or all three",
    short: "zoom",
    priority: 7,
  }),
  ...key("tab", ["lists"], "next-pane", { help: "to the next list", short: "next", priority: 9 }),
  ...key("shift-tab", ["lists"], "previous-pane", { help: "to the list before" }),
  ...PANES.flatMap((pane, index) =>
    key(String(index + 1), ["lists"], `pane-${pane}`, { help: `to the ${pane}` })
  ),

  {
    keys: ["l"],
    modes: ["lists"],
    panes: ["workloads", "events"],
    command: "logs",
    help: "log of its pods",
    short: "logs",
    priority: 4,
  },
  ...key("l", ["details"], "logs", { help: "log of its pods", short: "logs", priority: 4 }),
  ...key("y", ["lists", "details"], "yaml", {
    help: "the object as YAML",
    short: "YAML",
    priority: 5,
  }),
  ...key("f", ["log"], "follow", { help: "follow the end, or not", short: "follow", priority: 1 }),
  ...key("P", ["log"], "previous-run", {
    help: "log of the container before its last restart, or of now",
    short: "previous",
    priority: 2,
  }),
  ...key("n", ["log"], "next-container", {
    help: "the next container, then the next pod",
    short: "next container",
    priority: 3,
  }),
  ...key("t", ["log"], "timestamps", {
    help: "with the time of each line, or without",
    short: "times",
    priority: 4,
  }),
  ...key("w", ["log"], "wrap", {
    help: "long lines wrapped, or cut",
    short: "wrap",
    priority: 5,
  }),
  ...key("c", ["lists", "details", "log", "yaml", "requests", "gitops"], "copy", {
    help: "copy the name, the line or the text to the clipboard (OSC 52)",
    short: "copy",
    priority: 10,
  }),
  {
    keys: ["p", ":"],
    modes: SCREENS,
    command: "palette",
    help: "all actions for what is selected",
    short: "actions",
    priority: 3,
  },
  ...key("R", ["lists", "details", "log", "yaml", "gitops", "run"], "requests", {
    help: "API requests and results of changes",
    short: "requests",
    priority: 12,
  }),
  ...key("v", ["lists", "details", "log", "yaml", "requests", "gitops"], "run", {
    help: "view the latest run of provisioning, also of another terminal",
  }),
  ...key("r", SCREENS, "retry", {
    help: "try the connection again now",
    short: "retry",
    priority: 11,
  }),
  ...key("?", SCREENS, "help", { help: "every key of this view", short: "help", priority: -2 }),
  ...key("ctrl-l", MODES, "redraw", { help: "redraw the screen" }),
  ...key("ctrl-z", MODES, "suspend", { help: "suspend; fg comes back" }),
  { keys: ["q"], modes: SCREENS, command: "quit", help: "quit", short: "quit", priority: -1 },
  ...key("ctrl-c", MODES, "quit", { help: "quit" }),
];

function key(
  name: string,
  modes: readonly Mode[],
  command: CommandName,
  words: Pick<Binding, "help" | "short" | "priority">,
): readonly Binding[] {
  return [{ keys: [name], modes, command, ...words }];
}

/** What keys speak to now. */
export interface View {
  readonly mode: Mode;
  /** The list that has the focus. */
  readonly pane: PaneId;
}

/** The rows of the table that count in a view. */
export function bindingsIn({ mode, pane }: View): readonly Binding[] {
  return KEY_MAP.filter(({ modes, panes }) =>
    modes.includes(mode) && (mode !== "lists" || panes === undefined || panes.includes(pane))
  );
}

/** What a key does in a view; undefined where it does nothing. */
export function commandFor(name: string, view: View): CommandName | undefined {
  return bindingsIn(view).find(({ keys }) => keys.includes(name))?.command;
}

/** Whether letters are text in this mode. */
export function takesText(mode: Mode): boolean {
  return INPUTS.includes(mode);
}

const SIGNS: Readonly<Record<string, string>> = {
  up: "↑",
  down: "↓",
  enter: "Enter",
  escape: "Esc",
  tab: "Tab",
  "shift-tab": "Shift-Tab",
  pageup: "PgUp",
  pagedown: "PgDn",
  home: "Home",
  end: "End",
  backspace: "Backspace",
};

/** A key as it is written for a person: `Ctrl-F`, `PgDn`, `j`. */
export function keyLabel(name: string): string {
  const control = /^ctrl-(.)$/.exec(name);
  return control === null ? SIGNS[name] ?? name : `Ctrl-${control[1]!.toUpperCase()}`;
}
