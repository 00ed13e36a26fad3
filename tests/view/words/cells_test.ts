/** Property of `fit`: what it cuts takes no more cells than there are. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { cellWidth, fit } from "../../../src/view/words/cells.ts";

/** Text of terminals' difficult characters: wide, combining, joined, of two code points, without width. */
const difficult = fc.array(
  fc.oneof(
    fc.string({ unit: "grapheme" }),
    fc.string({ unit: "binary" }),
    fc.constantFrom(
      "é",
      "e\u0301",
      "界",
      "👩‍👩‍👧‍👦",
      "🇩🇪",
      "🇩",
      "❤️",
      "1️⃣",
      "\u200d",
      "\ufe0f",
      "क्षि",
      "ﾞ",
      "각",
    ),
  ),
  { maxLength: 12 },
).map((parts) => parts.join(""));

Deno.test("a text that is cut fits, begins as it did and says that it was cut", () => {
  fc.assert(
    fc.property(difficult, fc.integer({ min: 1, max: 30 }), (text, cells) => {
      const cut = fit(text, cells);
      if (cellWidth(text) <= cells) return assert.equal(cut, text);
      assert.ok(cellWidth(cut) <= cells, `${JSON.stringify(cut)} takes ${cellWidth(cut)} cells`);
      assert.ok(cut.endsWith("…") && text.startsWith(cut.slice(0, -1)));
    }),
    { numRuns: Number(Deno.env.get("RUNS") ?? 500) },
  );
});

Deno.test("a text is cut between what is seen as characters, as late as it can be", () => {
  const cases: readonly [text: string, cells: number, cut: string][] = [
    ["abcdef", 4, "abc…"],
    ["abcdef", 0, ""],
    ["äbcdef", 4, "äbc…"],
    ["界界界", 4, "界…"],
    ["界界界", 5, "界界…"],
    ["界界", 1, "…"],
    ["e\u0301e\u0301e\u0301", 2, "e\u0301…"],
    ["a👩‍👩‍👧‍👦b👩‍👩‍👧‍👦", 4, "a👩‍👩‍👧‍👦…"],
    ["🇩🇪🇫🇷🇮🇹", 4, "🇩🇪…"],
  ];
  for (const [text, cells, cut] of cases) assert.equal(fit(text, cells), cut, text);
});
