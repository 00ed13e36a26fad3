// deno-lint-ignore-file no-control-regex -- what a terminal is sent is looked at
import assert from "node:assert/strict";
import fc from "fast-check";
import { ChangedCells } from "../../../src/tui/terminal/changed_cells.ts";
import { event, HOMELAB, liveState, NOW } from "../../view/live_fixture.ts";
import { newsOf } from "../fake_session.ts";
import { TestScreen } from "../screen.tsx";

/** A terminal that knows what the screen uses: places, erasing to the end, colours. */
class Grid {
  rows: string[][] = [];
  #row = 0;
  #column = 0;
  #colours: string[] = [];

  write(data: string): void {
    for (const [token] of data.matchAll(/\u001b\[[\d;]*[A-Za-z]|\r\n|[^]/gu)) {
      const place = /^\u001b\[(\d+);(\d+)H$/.exec(token);
      if (place) [this.#row, this.#column] = [Number(place[1]) - 1, Number(place[2]) - 1];
      else if (token === "\u001b[H") [this.#row, this.#column] = [0, 0];
      else if (token === "\u001b[J") this.rows = [];
      else if (token === "\u001b[K") this.rows[this.#row]?.splice(this.#column);
      else if (token === "\u001b[m") this.#colours = [];
      else if (token.endsWith("m") && token.startsWith("\u001b")) this.#colour(token);
      else if (token === "\r\n") [this.#row, this.#column] = [this.#row + 1, 0];
      else (this.rows[this.#row] ??= [])[this.#column++] = this.#colours.join("") + token;
    }
  }

  /** `22` ends what `2` began, `39` a colour. */
  #colour(token: string): void {
    const ends = token === "\u001b[39m" ? /\[3/ : token === "\u001b[22m" ? /\[2m/ : undefined;
    if (ends === undefined) this.#colours.push(token);
    else this.#colours = this.#colours.filter((each) => !ends.test(each));
  }
}
const COLOURS = [["\u001b[31m", "\u001b[39m"], ["\u001b[2m", "\u001b[22m"], ["", ""]] as const;
const word = fc.tuple(
  fc.constantFrom(...COLOURS),
  fc.string({ unit: fc.constantFrom(..."  0123456789sm█▌░é—"), minLength: 1, maxLength: 6 }),
).map(([[begin, end], text]) => `${begin}${text}${end}`);
const line = fc.array(word, { maxLength: 5 }).map((words) => words.join(""));
const frames = fc.integer({ min: 1, max: 4 }).chain((rows) =>
  fc.array(fc.array(line, { minLength: rows, maxLength: rows }), { minLength: 1, maxLength: 5 })
);

Deno.test("what is written of frame after frame leaves the terminal as the last one alone would", () => {
  fc.assert(
    fc.property(frames, (frames) => {
      const [grid, alone] = [new Grid(), new Grid()];
      const cells = new ChangedCells();
      for (const [index, frame] of frames.entries()) {
        // Ink erases what was there and begins where its last frame began.
        const back = index === 0
          ? ""
          : "\u001b[2K\u001b[1A".repeat(frame.length - 1) + "\u001b[2K\u001b[G";
        grid.write(cells.written(back + frame.join("\n")));
      }
      alone.write(new ChangedCells().written(frames.at(-1)!.join("\n")));
      for (const [row] of frames.at(-1)!.entries()) {
        assert.deepEqual(grid.rows[row] ?? [], alone.rows[row] ?? []);
      }
    }),
    { numRuns: 500 },
  );
});

Deno.test("after ink cleared the screen the next frame is written whole", () => {
  const cells = new ChangedCells();
  const first = cells.written("one\ntwo");
  assert.equal(cells.written("\u001b[2K\u001b[1A\u001b[2K\u001b[Gone\ntwo"), "");
  cells.written("\u001b[2K\u001b[1A\u001b[2K\u001b[G");
  assert.equal(cells.written("one\ntwo"), first);
});

Deno.test("modes, and the empty write by which ink waits for the others, are left alone", () => {
  const cells = new ChangedCells();
  cells.written("one");
  for (const data of ["", "\u001b[?2026h", "\u001b[?1049l"]) {
    assert.equal(cells.written(data), data);
  }
  assert.equal(cells.written("\u001b[2K\u001b[Gone"), "");
});

Deno.test("over an idle minute of forty ages in seconds little more than their digits is written", async () => {
  const events = Array.from({ length: 40 }, (_, index) =>
    event(`e${index}`, {
      message: `said by ${index} of something that takes a whole line to be told of`,
      lastSeen: new Date(NOW - index * 1000).toISOString(),
    }));
  let now = NOW;
  await using screen = new TestScreen({
    news: newsOf(liveState({ ...HOMELAB, events })),
    size: { columns: 160, rows: 40 },
    color: true,
    now: () => now,
  });
  await screen.sees("said by 20");
  screen.type("3");
  const cells = new ChangedCells();
  const whole = cells.written(screen.painted()).length;
  let written = 0;
  for (let second = 1; second <= 60; second++) {
    now = NOW + second * 1000;
    // Any key, also one that does nothing, is a frame of this second.
    screen.store.press("´");
    written += cells.written(screen.painted()).length;
  }
  assert.ok(whole > 3_000, `${whole}`);
  assert.ok(written > 60 && written < 60 * 500, `${written} bytes in a minute`);
});
