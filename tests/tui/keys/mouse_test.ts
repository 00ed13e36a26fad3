import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import fc from "fast-check";
import { type MouseEvent, MouseFilter, withoutMouse } from "../../../src/tui/keys/mouse.ts";
import { layoutOf, type Model } from "../../../src/tui/state/model.ts";
import { drawOverlay } from "../../../src/tui/draw/overlay_text.ts";
import { Clicks, mouseSteps } from "../../../src/tui/keys/mouse_steps.ts";
import { applyEvents } from "../../../src/tui/state/press.ts";
import { noPaint } from "../../../src/view/words/tone.ts";
import { model, pressed } from "../model_fixture.ts";

Deno.test("clicks and the wheel are told, releases and moves are not", () => {
  const { keys, events } = new MouseFilter().push(
    "j\u001b[<0;1;1M\u001b[<0;1;1mk\u001b[<64;80;24M\u001b[<65;3;4M\u001b[<35;3;4M",
  );
  assert.equal(keys, "jk");
  assert.deepEqual(events, [
    { type: "click", x: 0, y: 0 },
    { type: "wheel-up", x: 79, y: 23 },
    { type: "wheel-down", x: 2, y: 3 },
  ]);
});

Deno.test("however reports are cut into pieces, keys and mouse come out the same", () => {
  const piece = fc.constantFrom("j", "\u001b[A", "\u001b[<0;12;7M", "\u001b[<65;1;2M", "漢", "\r");
  fc.assert(
    fc.property(fc.array(piece), fc.array(fc.nat(60)), (pieces, cuts) => {
      const text = pieces.join("");
      const whole = new MouseFilter().push(text);
      const filter = new MouseFilter();
      const [keys, events]: [string[], MouseEvent[]] = [[], []];
      let from = 0;
      // A report is never cut before its `<`: ESC [ alone may be a key.
      const places = [...new Set(cuts)].sort((a, b) => a - b)
        .filter((cut) =>
          !text.slice(0, cut).endsWith("\u001b") &&
          !text.slice(0, cut).endsWith("\u001b[")
        );
      for (const cut of [...places, text.length]) {
        const part = filter.push(text.slice(from, cut));
        keys.push(part.keys);
        events.push(...part.events);
        from = Math.max(from, cut);
      }
      assert.deepEqual([keys.join(""), events], [whole.keys, whole.events]);
    }),
    { numRuns: 300 },
  );
});

Deno.test("the keyboard is read without the mouse", async () => {
  const input = new PassThrough();
  const seen: MouseEvent[] = [];
  const keyboard = withoutMouse(input, (event) => seen.push(event));
  const read = new Promise<string>((resolve) =>
    keyboard.once("data", (chunk) => resolve(String(chunk)))
  );
  input.write(new TextEncoder().encode("a\u001b[<0;5;6Mü"));
  assert.equal(await read, "aü");
  assert.deepEqual(seen, [{ type: "click", x: 4, y: 5 }]);
  keyboard.stop();
});

Deno.test("a click selects a row and gives its list the focus, a second one opens it", () => {
  const before = model();
  const y = 3 + 8 + 2 + 1; // header, nodes, title and columns, second row
  const first = mouseSteps(before, { type: "click", x: 10, y });
  assert.deepEqual(first, { events: [{ type: "select", pane: "workloads", index: 1 }] });
  const after = applyEvents(before, first.events);
  assert.equal(after.ui.focus, "workloads");
});

Deno.test("a click on the selected row opens it", () => {
  const { events, command } = mouseSteps(model(), { type: "click", x: 4, y: 3 + 2 });
  assert.deepEqual([events, command], [[], "open"]);
});

Deno.test("a second click on the same cell opens what the first selected, wherever it went", () => {
  const clicks = new Clicks();
  const at = { type: "click", x: 10, y: 3 + 8 + 2 + 1 } as const;
  let now = 1_000;
  const click = (model: Model, event: MouseEvent) => clicks.steps(model, event, now);
  const first = click(model(), at);
  assert.equal(first.events[0]?.type, "select");
  // With the focus the list has grown: another row is below the pointer now.
  const after = applyEvents(model(), first.events);
  assert.equal(mouseSteps(after, at).events[0]?.type, "select");
  now += 300;
  assert.deepEqual(click(after, at), { events: [], command: "open" });
  // A third one, a late one, and one beside it are clicks of their own.
  assert.equal(click(after, at).events[0]?.type, "select");
  now += 800;
  assert.equal(click(after, at).events[0]?.type, "select");
  assert.equal(click(after, { ...at, y: at.y - 1 }).events[0]?.type, "select");
});

Deno.test("the wheel moves the list under it and leaves the focus where it is", () => {
  const before = pressed(model({ size: { columns: 80, rows: 17 } }), "2");
  const event = { type: "wheel-down", x: 10, y: 4 } as const;
  const after = applyEvents(before, mouseSteps(before, event).events);
  assert.equal(after.ui.focus, "workloads");
  assert.ok(after.ui.lists.nodes.offset > 0);
  assert.equal(after.ui.lists.workloads, before.ui.lists.workloads);
});

Deno.test("clicks in details move the cursor", () => {
  const before = pressed(model(), "enter");
  const after = applyEvents(
    before,
    mouseSteps(before, { type: "click", x: 4, y: 3 + 1 + 2 }).events,
  );
  assert.equal(after.ui.screens[0]!.scroll.cursor, 2);
  assert.deepEqual(mouseSteps(pressed(before, "?"), { type: "click", x: 4, y: 6 }).events, []);
});

Deno.test("a click marks a choice of the palette, a second one does it", () => {
  const before = pressed(model(), "p");
  const { body } = layoutOf(before);
  const lines = drawOverlay(before, { body, paint: noPaint });
  const line = (words: string) =>
    body.y + body.height - lines.length + lines.findIndex((text) => text.includes(words));
  const click = (on: Model, y: number) => mouseSteps(on, { type: "click", x: 9, y });
  const marked = applyEvents(before, click(before, line("drain Node nuc")).events);
  assert.match(
    drawOverlay(marked, { body, paint: noPaint }).find((text) => text.includes("drain"))!,
    /› drain/,
  );
  assert.deepEqual(click(marked, line("drain Node nuc")), { events: [], command: "accept" });
  // Its title, and what lies above it, are no choices.
  assert.deepEqual(click(marked, line("Actions")), { events: [] });
  assert.deepEqual(click(marked, 0), { events: [] });
});
