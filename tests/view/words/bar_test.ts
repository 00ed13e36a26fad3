import assert from "node:assert/strict";
import stringWidth from "fast-string-width";
import fc from "fast-check";
import { bar, barTone, shareOf } from "../../../src/view/words/bar.ts";

Deno.test("a bar is as long as the share, and says it in percent", () => {
  assert.equal(bar(1, 2, 15), "█████░░░░░  50%");
  assert.equal(bar(7, 7, 10), "█████ 100%");
  assert.equal(bar(0, 7, 10), "░░░░░   0%");
  assert.equal(bar(3, 10, 10), "█▌░░░  30%");
});

Deno.test("little is not nothing, and nearly all is not all", () => {
  assert.equal(bar(1, 1_000_000, 10), "▏░░░░   0%");
  assert.equal(bar(999_999, 1_000_000, 10), "████▉ 100%");
});

Deno.test("what is not known is no bar", () => {
  for (const [part, whole] of [[undefined, 2], [1, undefined], [1, 0], [1, -1], [1, NaN]]) {
    assert.equal(bar(part, whole, 10), "?         ");
    assert.equal(barTone(part, whole), "muted");
    assert.equal(shareOf(part, whole), undefined);
  }
});

Deno.test("more than all fills the bar and keeps its number", () => {
  assert.equal(bar(3, 2, 10), "█████ 150%");
  assert.equal(bar(3e9, 2, 10), "█████ 999%");
  assert.equal(bar(-1, 2, 10), "░░░░░   0%");
});

Deno.test("without room for a bar the number stands alone", () => {
  assert.equal(bar(1, 2, 6), "   50%");
  assert.equal(bar(1, 2, 5), "  50%");
});

Deno.test("a full node warns", () => {
  assert.deepEqual([0.1, 0.79, 0.8, 0.94, 0.95, 2].map((part) => barTone(part, 1)), [
    "good",
    "good",
    "warn",
    "warn",
    "bad",
    "bad",
  ]);
});

Deno.test("a bar takes exactly its cells, whatever is measured", () => {
  const amount = fc.option(fc.double(), { nil: undefined });
  fc.assert(
    fc.property(amount, amount, fc.integer({ min: 5, max: 60 }), (part, whole, cells) => {
      assert.equal(stringWidth(bar(part, whole, cells)), cells);
    }),
    { numRuns: 500 },
  );
});
