/**
 * P25 every key does what the help says, in every view.
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { Content } from "../../src/tui/state/content.ts";
import { layoutOf, type Model, modeOf } from "../../src/tui/state/model.ts";
import { footerLine, helpedView, helpLines } from "../../src/tui/draw/help_text.ts";
import {
  bindingsIn,
  commandFor,
  type CommandName,
  KEY_MAP,
  keyLabel,
  MODES,
  takesText,
} from "../../src/tui/keys/key_map.ts";
import { PANES } from "../../src/tui/draw/layout.ts";
import { paletteEntries } from "../../src/tui/state/palette.ts";
import { fitted, type Pressed, pressKey, shownOf, takeStep } from "../../src/tui/state/press.ts";
import { rowsOf } from "../../src/tui/state/rows.ts";
import { plain, textOfLine } from "../../src/tui/draw/text_line.ts";
import { topKind } from "../../src/tui/state/ui_state.ts";
import { HOMELAB, liveState } from "../view/live_fixture.ts";
import { model, pressed } from "../tui/model_fixture.ts";
import { ROUTES } from "../tui/routes.ts";

const NAMED_KEYS = KEY_MAP.flatMap(({ keys }) => keys);
const OTHER_KEYS = [..."abdehimoquvxABCDEFHJKLMNOQTUVWXYZ04567890!@#$%^&*()-=+[]{};'\",.<>\\|`~ "];

/** Every key there is: those of the table, and those that are nowhere in it. */
const anyKey = fc.constantFrom(...NAMED_KEYS, ...OTHER_KEYS, "left", "right", "ctrl-x", "漢", "🎉");

/** Keys of the table more often: random letters alone seldom lead anywhere. */
const someKey = fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...NAMED_KEYS) }, anyKey);

const sizes = fc.constantFrom(
  { columns: 80, rows: 24 },
  { columns: 200, rows: 60 },
  { columns: 50, rows: 12 },
);
const clusters = fc.constantFrom(liveState(HOMELAB), liveState({}), liveState({ nodes: [] }));
const start = fc.record({ size: sizes, live: clusters, readOnly: fc.boolean() }).map(
  ({ size, live, readOnly }) =>
    model({ size, settings: { readOnly, canProvision: !readOnly } }, live),
);
const reached = fc.record({ start, keys: fc.array(someKey, { maxLength: 40 }) }).map(
  ({ start, keys }) => keys.reduce((model, key) => withContents(pressKey(model, key).model), start),
);

Deno.test("P25 no sequence of keys breaks anything: selections exist, nothing is past its end", () => {
  fc.assert(
    fc.property(start, fc.array(someKey, { maxLength: 60 }), (start, keys) => {
      let model = start;
      for (const key of keys) {
        model = withContents(pressKey(model, key).model);
        assertConsistent(model);
      }
    }),
    { numRuns: 300 },
  );
});

Deno.test("P25 every key of every view does what its line of the table says", () => {
  const tried = new Set<CommandName>();
  fc.assert(
    fc.property(reached, anyKey, (model, key) => {
      const command = commandFor(key, { mode: modeOf(model), pane: model.ui.focus });
      const after = pressKey(model, key);
      if (command === undefined) {
        const isText = takesText(modeOf(model)) && [...key].length === 1;
        if (!isText) assert.equal(after.model, model, `${key} does nothing`);
        assert.equal(after.effect, undefined);
        return;
      }
      tried.add(command);
      const where = `${key} (${command}) in ${modeOf(model)}`;
      assert.ok(EXPECTED[command](model, after), where);
    }),
    { numRuns: 4_000 },
  );
  // What chance did not come to is tried in a view of its own.
  for (const binding of KEY_MAP) {
    for (const mode of binding.modes) {
      const model = withContents(viewOf(mode, binding.panes?.[0]));
      assert.equal(modeOf(model), mode);
      for (const key of binding.keys) {
        tried.add(binding.command);
        const after = pressKey(model, key);
        assert.ok(EXPECTED[binding.command](model, after), `${key} in ${mode}`);
      }
    }
  }
  assert.deepEqual([...new Set(KEY_MAP.map(({ command }) => command))].sort(), [...tried].sort());
});

Deno.test("P25 every line of the table changes something somewhere in each of its views", () => {
  for (const { keys, modes, command, panes } of KEY_MAP) {
    for (const mode of modes) {
      for (const key of keys) {
        const model = withContents(viewOf(mode, panes?.[0]));
        // At the end of a text there is no way down, at its beginning none up.
        const ways = takesText(mode) ? ["down"] : mode === "confirm" ? [] : ["j", "G", "tab"];
        const from = [model, ...ways.map((way) => pressKey(model, way).model)];
        const moved = [...from, typedInto(model)].some((before) => {
          const after = pressKey(before, key);
          return after.effect !== undefined || after.model.ui !== before.ui;
        });
        const isLong = !["requests", "gitops", "run", "yaml"].includes(mode) || !MOVES.has(command);
        assert.ok(moved || !isLong, `${key} (${command}) in ${mode}`);
      }
    }
  }
});

Deno.test("P25 the help of a view lists exactly the keys that do something there", () => {
  fc.assert(
    fc.property(reached, fc.array(anyKey, { maxLength: 20 }), (before, keys) => {
      const view = helpedView(before);
      const listed = helpLines(before).map((line) => textOfLine(line));
      const bindings = bindingsIn(view);
      assert.equal(listed.length, bindings.length);
      for (const key of [...NAMED_KEYS, ...keys]) {
        const lines = listed.filter((line) =>
          (/^ {2}(.*?) {2}/.exec(line)?.[1] ?? "").split(", ").includes(keyLabel(key))
        );
        assert.equal(lines.length, commandFor(key, view) === undefined ? 0 : 1, key);
      }
    }),
    { numRuns: 100 },
  );
});

Deno.test("P25 the footer shows keys of the view only, and fits", () => {
  fc.assert(
    fc.property(fc.constantFrom(...MODES), fc.constantFrom(...PANES), fc.nat(220), (...given) => {
      const [mode, pane, width] = given;
      const text = textOfLine(footerLine({ mode, pane }, width));
      assert.ok(text.length <= width);
      const labels = bindingsIn({ mode, pane }).map(({ keys, short }) =>
        `${keyLabel(keys[0]!)} ${short}`
      );
      for (const part of text.split("  ")) assert.ok(part === "" || labels.includes(part), part);
    }),
    { numRuns: 300 },
  );
});

Deno.test("P25 no key means two things in one view", () => {
  for (const mode of MODES) {
    for (const pane of PANES) {
      const keys = bindingsIn({ mode, pane }).flatMap(({ keys }) => keys);
      assert.deepEqual(keys.filter((key, index) => keys.indexOf(key) !== index), [], mode);
    }
  }
});

Deno.test("P25 no key changes the cluster before its question was answered with y", () => {
  fc.assert(
    fc.property(reached, anyKey, (model, key) => {
      const { effect } = pressKey(model, key);
      if (effect?.type !== "change" && effect?.type !== "provision") return;
      assert.equal(model.ui.overlay?.kind, "confirm");
      assert.equal(key, "y");
      assert.ok(!model.settings.readOnly);
    }),
    { numRuns: 2_000 },
  );
});

const MOVES: ReadonlySet<CommandName> = new Set([
  "down",
  "up",
  "first",
  "last",
  "page-down",
  "page-up",
]);

type Expectation = (before: Model, after: Pressed) => boolean;

/** What the help promises of each command. */
const EXPECTED: Readonly<Record<CommandName, Expectation>> = {
  down: moves((at, last) => Math.min(at + 1, last)),
  up: moves((at) => Math.max(at - 1, 0)),
  first: moves(() => 0),
  last: moves((_at, last) => last),
  "page-down": (before, { model }) =>
    place(model).at === place(model).last || place(model).at > place(before).at,
  "page-up": (before, { model }) => place(model).at === 0 || place(model).at < place(before).at,
  "next-pane": (before, { model }) =>
    PANES.indexOf(model.ui.focus) === (PANES.indexOf(before.ui.focus) + 1) % 3,
  "previous-pane": (before, { model }) =>
    PANES.indexOf(model.ui.focus) === (PANES.indexOf(before.ui.focus) + 2) % 3,
  "pane-nodes": (_before, { model }) => model.ui.focus === "nodes",
  "pane-workloads": (_before, { model }) => model.ui.focus === "workloads",
  "pane-events": (_before, { model }) => model.ui.focus === "events",
  open: (before, { model }) =>
    opened(before, model, "details") || said(model) ||
    rowsOf(before, before.ui.focus).keys.length === 0,
  back: (before, { model }) => {
    if (topKind(before.ui) !== "lists") {
      return model.ui.screens.length === before.ui.screens.length - 1;
    }
    const { focus } = before.ui;
    if (before.ui.lists[focus].filter !== "") return model.ui.lists[focus].filter === "";
    return !model.ui.zoomed;
  },
  filter: (before, { model: { ui: { overlay } } }) =>
    overlay?.kind === "filter" && overlay.pane === before.ui.focus,
  sort: (before, { model }) =>
    model.ui.lists[before.ui.focus].sort?.header !== before.ui.lists[before.ui.focus].sort?.header,
  reverse: (before, { model }) =>
    model.ui.lists[before.ui.focus].sort?.descending ===
      !(before.ui.lists[before.ui.focus].sort?.descending ?? false),
  warnings: (before, { model }) => {
    const shows = rowsOf(model, "events").rows;
    return model.ui.warningsOnly !== before.ui.warningsOnly &&
      (!model.ui.warningsOnly || shows.every(({ warning }) => warning));
  },
  zoom: (before, { model }) =>
    model.ui.zoomed !== before.ui.zoomed &&
    (!model.ui.zoomed || layoutOf(model).panes.size === 1),
  shell: (_before, { model, effect }) => effect?.type === "shell" || said(model),
  "shell-in-pod": (_before, { model, effect }) =>
    effect?.type === "shell-in-pod" || model.ui.overlay?.kind === "choice" || said(model),
  forward: (_before, { model, effect }) => effect?.type === "forward" || said(model),
  forwards: (_before, { model }) => model.ui.overlay?.kind === "forwards",
  "stop-forward": (before, { model, effect }) =>
    before.forwards.length === 0
      ? effect === undefined && model.ui.overlay?.kind === "forwards"
      : effect?.type === "stop-forward" &&
        effect.id === before.forwards[place(before).at]?.id,
  logs: (before, { model }) => opened(before, model, "log") || said(model),
  follow: (before, { model }) => logOf(model)?.follows === !logOf(before)?.follows,
  "previous-run": (before, { model }) => logOf(model)?.previous === !logOf(before)?.previous,
  timestamps: (before, { model }) => logOf(model)?.timestamps === !logOf(before)?.timestamps,
  wrap: (before, { model }) => logOf(model)?.wraps === !logOf(before)?.wraps,
  "next-container": (before, { model }) =>
    said(model) || logOf(model)?.source !== logOf(before)?.source,
  yaml: (before, { model }) => opened(before, model, "yaml") || said(model),
  copy: (_before, { model, effect }) => effect?.type === "copy" ? effect.text !== "" : said(model),
  palette: (_before, { model }) => model.ui.overlay?.kind === "palette",
  requests: (_before, { model }) => topKind(model.ui) === "requests",
  run: (before, { model }) => before.run === undefined ? said(model) : topKind(model.ui) === "run",
  retry: (before, { model, effect }) =>
    said(model) && (before.live.connection.state === "live" || effect?.type === "retry"),
  help: (_before, { model }) => model.ui.overlay?.kind === "help",
  "close-help": (_before, { model }) => model.ui.overlay === undefined,
  accept: (before, { model, effect }) => {
    const { overlay } = before.ui;
    if (overlay?.kind === "number") {
      return overlay.text === "" ? said(model) : closes(before, model);
    }
    if (overlay?.kind === "filter") {
      const { filter } = before.ui.lists[overlay.pane];
      return closes(before, model) && model.ui.lists[overlay.pane].filter === filter;
    }
    const chosen = paletteEntries(before).length > 0;
    return closes(before, model) && (!chosen || effect !== undefined || model.ui !== before.ui);
  },
  cancel: (before, { model }) =>
    model.ui.overlay === undefined &&
    (before.ui.overlay?.kind !== "filter" || model.ui.lists[before.ui.overlay.pane].filter === ""),
  erase: (before, { model }) =>
    [...input(model)].length <= Math.max(0, [...input(before)].length - 1),
  "erase-word": (before, { model }) =>
    before.ui.overlay !== undefined && input(before).startsWith(input(model)) &&
    (input(before) === "" || input(model).length < input(before).length),
  "erase-all": (_before, { model }) => input(model) === "",
  yes: (_before, { model, effect }) =>
    model.ui.overlay === undefined &&
    ["change", "provision", "quit"].includes(effect?.type ?? ""),
  no: (_before, { model, effect }) => model.ui.overlay === undefined && effect === undefined,
  redraw: (_before, { effect }) => effect?.type === "redraw",
  suspend: (_before, { effect }) => effect?.type === "suspend",
  quit: (before, { model, effect }) =>
    before.run !== undefined && !before.run.ended
      ? effect?.type === "quit" || model.ui.overlay?.kind === "confirm"
      : effect?.type === "quit",
};

/** Expects a place that follows from the one before. */
function moves(expected: (at: number, last: number) => number): Expectation {
  return (before, { model }) => {
    // A key first takes the word above the footer away: with a line more to see, the end comes a line earlier.
    const { at, last } = place(takeStep(before, { events: [] }).model);
    const now = place(model);
    return now.at === Math.min(Math.max(0, expected(at, last)), now.last);
  };
}

/** Where the selection, the cursor or the text stands, and where it could at most. */
function place(model: Model): { readonly at: number; readonly last: number } {
  const { ui } = model;
  const shown = shownOf(model);
  if (ui.overlay?.kind === "palette") {
    return { at: ui.overlay.index, last: Math.max(0, shown.choices - 1) };
  }
  if (ui.overlay?.kind === "choice") {
    return { at: ui.overlay.index, last: ui.overlay.choices.length - 1 };
  }
  if (ui.overlay?.kind === "forwards") {
    return { at: ui.overlay.index, last: Math.max(0, shown.forwards - 1) };
  }
  if (ui.overlay?.kind === "help") {
    return {
      at: ui.overlay.offset,
      last: Math.max(0, shown.help.length - shown.help.height),
    };
  }
  const top = ui.screens.at(-1);
  if (top === undefined) {
    const { keys } = shown.lists[ui.focus];
    return { at: ui.lists[ui.focus].index, last: Math.max(0, keys.length - 1) };
  }
  const { length, height, hasCursor } = shown.text;
  return hasCursor
    ? { at: top.scroll.cursor, last: Math.max(0, length - 1) }
    : { at: top.scroll.offset, last: Math.max(0, length - height) };
}

function opened(before: Model, after: Model, kind: string): boolean {
  return after.ui.screens.length === before.ui.screens.length + 1 && topKind(after.ui) === kind;
}

function said({ ui }: Model): boolean {
  return ui.status !== undefined;
}

function closes(before: Model, after: Model): boolean {
  return after.ui.overlay !== before.ui.overlay;
}

function logOf({ ui }: Model) {
  const top = ui.screens.at(-1);
  return top?.kind === "log" ? top.log : undefined;
}

function input({ ui: { overlay, lists } }: Model): string {
  switch (overlay?.kind) {
    case "filter":
      return lists[overlay.pane].filter;
    case "palette":
      return overlay.query;
    case "number":
      return overlay.text;
    default:
      return "";
  }
}

function typedInto(before: Model): Model {
  return takesText(modeOf(before)) ? pressed(before, "1") : before;
}

/** What the readers of screens would bring. */
function withContents(before: Model): Model {
  const contents = new Map<number, Content>();
  for (const { id, kind } of before.ui.screens) {
    if (kind === "log") {
      const lines = Array.from({ length: 100 }, (_unused, index) => plain(`line ${index}`));
      const containers = ["main", "sidecar"];
      contents.set(id, { kind, lines, ended: false, problem: undefined, containers });
    } else if (kind === "yaml") {
      contents.set(id, { kind, lines: [plain("kind: Pod")], problem: undefined });
    }
  }
  return fitted({ ...before, contents });
}

/** A model in which keys speak to a mode. */
function viewOf(mode: typeof MODES[number], pane: typeof PANES[number] = "workloads"): Model {
  return pressed(model(), String(PANES.indexOf(pane) + 1), ...ROUTES[mode]);
}

function assertConsistent(model: Model): void {
  const { ui } = model;
  const shown = shownOf(model);
  for (const pane of PANES) {
    const { keys, height } = shown.lists[pane];
    const { selected, index, offset } = ui.lists[pane];
    assert.equal(selected, keys[index], `${pane}: the selected row exists`);
    assert.ok(offset >= 0 && offset <= Math.max(0, keys.length - height), `${pane}: offset`);
    assert.ok(keys.length === 0 || (index >= offset && index < offset + height), `${pane}: seen`);
  }
  const top = ui.screens.at(-1);
  if (top !== undefined) {
    const { length, height, hasCursor } = shown.text;
    const { offset, cursor } = top.scroll;
    assert.ok(offset >= 0 && offset <= Math.max(0, length - height), "text offset");
    assert.ok(cursor >= 0 && cursor <= Math.max(0, hasCursor ? length - 1 : 0), "cursor");
  }
  if (ui.overlay?.kind === "palette") {
    assert.ok(ui.overlay.index >= 0 && ui.overlay.index <= Math.max(0, shown.choices - 1));
  }
  assert.equal(new Set(ui.screens.map(({ id }) => id)).size, ui.screens.length, "ids differ");
}
