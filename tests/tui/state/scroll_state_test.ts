/**
 * Places in a text while it changes.
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import {
  BEGINNING,
  fitScroll,
  followScroll,
  scrolled,
  type TextSize,
} from "../../../src/tui/state/scroll_state.ts";

const details = (...targets: (string | undefined)[]): TextSize => ({
  length: targets.length,
  height: 3,
  hasCursor: true,
  targets,
});

Deno.test("the cursor stays with what its line opens when lines come or go above it", () => {
  const before = details(undefined, "a", "b", "c");
  const at = scrolled(BEGINNING, { ...before, by: 2 });
  assert.equal(at.anchor, "b");
  const more = followScroll(at, details(undefined, undefined, undefined, "a", "b", "c"));
  assert.deepEqual([more.cursor, more.anchor], [4, "b"]);
  const fewer = followScroll(more, details("a", "b"));
  assert.deepEqual([fewer.cursor, fewer.anchor], [1, "b"]);
});

Deno.test("what is scrolled to stays on its line of the screen", () => {
  const before = details("a", "b", "c", "d", "e", "f");
  const at = fitScroll({ offset: 2, cursor: 3 }, before);
  const after = followScroll(at, details("new", "new 1", "a", "b", "c", "d", "e", "f"));
  assert.deepEqual([after.offset, after.cursor], [4, 5]);
});

Deno.test("when what the line opens is gone, the cursor stays where it was", () => {
  const at = scrolled(BEGINNING, { ...details("a", "b", "c"), by: 1 });
  assert.deepEqual(followScroll(at, details("a", "c")), { offset: 0, cursor: 1, anchor: "c" });
  assert.equal(followScroll(at, details("a")).cursor, 0);
});

Deno.test("whatever comes and goes, the cursor is in the text, in view, and knows its line", () => {
  const names = fc.uniqueArray(fc.constantFrom(..."abcdefghij"), { maxLength: 10 });
  const text = fc.tuple(names, fc.nat(4)).map(([names, blanks]) =>
    details(...Array.from({ length: blanks }, () => undefined), ...names)
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(text, fc.integer({ min: -4, max: 4 }))), (steps) => {
      let place = BEGINNING;
      for (const [size, by] of steps) {
        const before = place.anchor;
        place = followScroll(place, size);
        if (before !== undefined && size.targets!.includes(before)) {
          assert.equal(place.anchor, before);
        }
        place = scrolled(place, { ...size, by });
        if (size.length === 0) continue;
        assert.ok(place.cursor >= 0 && place.cursor < size.length);
        assert.ok(place.cursor >= place.offset && place.cursor < place.offset + size.height);
        assert.equal(place.anchor, size.targets![place.cursor]);
      }
    }),
    { numRuns: 200 },
  );
});
