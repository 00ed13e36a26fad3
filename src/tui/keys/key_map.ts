/**
 * Every key in one table: what it does, where, and how that is said. The handling, the footer, the
 * help and the test that holds them together are made from it.
 *
 * @module
 */

import type { PaneId } from "../draw/layout.ts";
import type { Overlay } from "../state/overlays.ts";
import type { ScreenKind } from "../state/screens.ts";

/** What keys speak to. */
export type Mode = ScreenKind | Overlay["kind"];

const LISTS: readonly Mode[] = ["lists"];
const SCREENS: readonly Mode[] = ["lists", "details", "log", "yaml", "requests", "gitops", "run"];
const TEXTS: readonly Mode[] = [...SCREENS, "help"];
const INPUTS: readonly Mode[] = ["filter", "palette", "number"];
const OVER_LISTS: readonly Mode[] = ["filter", "palette"];

/** All screens but one. */
function except(one: Mode): readonly Mode[] {
  return SCREENS.filter((mode) => mode !== one);
}

/** Every mode. */
export const MODES: readonly Mode[] = [
  ...TEXTS,
  "palette",
  "confirm",
  "choice",
  "forwards",
  "number",
  "filter",
];

/**
 * The table: keys (named as in `key_names.ts`), where they count, what they do, how the help says it,
 * and how the footer does, in a word or two, with its place there; of the lists, those that must have
 * the focus.
 */
const ROWS = [
  ["j down", SCREENS, "down", "one line down"],
  ["k up", SCREENS, "up", "one line up"],
  ["j down", ["help"], "down", "one line down", ["down", 2]],
  ["k up", ["help"], "up", "one line up", ["up", 3]],
  ["down ctrl-n", OVER_LISTS, "down", "one line down"],
  ["up ctrl-p", OVER_LISTS, "up", "one line up"],
  ["pagedown ctrl-f", TEXTS, "page-down", "one page down"],
  ["pageup ctrl-b", TEXTS, "page-up", "one page up"],
  ["g home", TEXTS, "first", "to the beginning"],
  ["G end", TEXTS, "last", "to the end"],
  ["enter", ["lists", "details"], "open", "details of what is selected", ["details", 1]],
  ["enter", ["filter"], "accept", "keep the filter", ["keep", 1]],
  ["escape", ["filter"], "cancel", "clear the filter", ["clear", 2]],
  ["enter", ["palette"], "accept", "run the selected action", ["do it", 1]],
  ["j down", ["choice", "forwards"], "down", "one line down", ["down", 3]],
  ["k up", ["choice", "forwards"], "up", "one line up", ["up", 4]],
  ["enter", ["choice"], "accept", "choose the selected entry", ["choose", 1]],
  ["enter", ["number"], "accept", "go on", ["go on", 1]],
  ["escape", ["palette", "number", "choice", "forwards"], "cancel", "cancel, change nothing", [
    "leave",
    2,
  ]],
  ["backspace", INPUTS, "erase", "delete the last character"],
  ["ctrl-w", INPUTS, "erase-word", "delete the last word"],
  ["ctrl-u", INPUTS, "erase-all", "delete everything"],
  ["y", ["confirm"], "yes", "yes, do it", ["yes", 1]],
  ["n escape", ["confirm"], "no", "no, change nothing", ["no", 2]],
  ["escape ? q", ["help"], "close-help", "close this help", ["close", 1]],
  ["escape", except("lists"), "back", "back to the previous view", ["back", 0]],
  ["escape", LISTS, "back", "clear the filter, then leave the zoom"],
  ["/", LISTS, "filter", "filter the list as you type", ["filter", 2]],
  ["s", LISTS, "sort", "sort by the next column", ["sort", 6]],
  ["I", LISTS, "reverse", "reverse the sort order"],
  ["w", LISTS, "warnings", "show only warnings, or all events", ["warnings", 8]],
  ["z", LISTS, "zoom", "show only this list, or all three", ["zoom", 7]],
  ["tab", LISTS, "next-pane", "to the next list", ["next", 9]],
  ["shift-tab", LISTS, "previous-pane", "to the previous list"],
  ["1", LISTS, "pane-nodes", "to the nodes"],
  ["2", LISTS, "pane-workloads", "to the workloads"],
  ["3", LISTS, "pane-events", "to the events"],
  ["l", LISTS, "logs", "log of its pods", ["logs", 4], ["workloads", "events"]],
  ["l", ["details"], "logs", "log of its pods", ["logs", 4]],
  ["S", LISTS, "shell", "shell on the machine, over ssh", ["shell", 4], ["nodes"]],
  ["S", ["details"], "shell", "shell on the machine of a node, over ssh"],
  ["x", LISTS, "shell-in-pod", "shell in a container of its pods", ["shell", 5], [
    "workloads",
    "events",
  ]],
  ["x", ["details", "log"], "shell-in-pod", "shell in a container of its pods", ["shell", 5]],
  ["F", ["lists", "details"], "forward", "forward a port of this machine to a Service or a pod"],
  ["f", ["lists", "details"], "forwards", "the forwarded ports"],
  ["x", ["forwards"], "stop-forward", "stop forwarding the selected port", ["stop", 1]],
  ["y", ["lists", "details"], "yaml", "the object as YAML", ["YAML", 5]],
  ["f", ["log"], "follow", "follow the log, or stop following", ["follow", 1]],
  [
    "P",
    ["log"],
    "previous-run",
    "log from before the last restart of the container, or the current one",
    ["previous", 2],
  ],
  ["n", ["log"], "next-container", "the next container, then the next pod", ["next container", 3]],
  ["t", ["log"], "timestamps", "show or hide timestamps", ["times", 4]],
  ["w", ["log"], "wrap", "wrap long lines, or cut them", ["wrap", 5]],
  [
    "c",
    except("run"),
    "copy",
    "copy the name, the line or the text to the clipboard (OSC 52)",
    ["copy", 10],
  ],
  ["p :", SCREENS, "palette", "all actions for what is selected", ["actions", 3]],
  ["R", except("requests"), "requests", "API requests and results of changes", ["requests", 12]],
  ["v", except("run"), "run", "view the latest provisioning run, also from another terminal"],
  ["r", SCREENS, "retry", "retry the connection now", ["retry", 11]],
  ["?", SCREENS, "help", "every key of this view", ["help", -2]],
  ["ctrl-l", MODES, "redraw", "redraw the screen"],
  ["ctrl-z", MODES, "suspend", "suspend; fg resumes"],
  ["q", SCREENS, "quit", "quit", ["quit", -1]],
  ["ctrl-c", MODES, "quit", "quit"],
] as const satisfies readonly (readonly [
  keys: string,
  modes: readonly Mode[],
  command: string,
  help: string,
  footer?: readonly [short: string, priority: number],
  panes?: readonly PaneId[],
])[];

/** What a key does. */
export type CommandName = typeof ROWS[number][2];

/** A row of the table. */
export interface Binding {
  readonly keys: readonly string[];
  readonly modes: readonly Mode[];
  readonly panes: readonly PaneId[] | undefined;
  readonly command: CommandName;
  readonly help: string;
  /** Without it the footer leaves it out. */
  readonly short: string | undefined;
  /** In the footer the lowest comes first, and the highest goes first where it is narrow. */
  readonly priority: number;
}

/** The table. */
export const KEY_MAP: readonly Binding[] = ROWS.map((
  [keys, modes, command, help, [short, priority] = [undefined, 0], panes],
) => ({ keys: keys.split(" "), modes, command, help, short, priority, panes }));

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
