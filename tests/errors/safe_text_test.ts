import assert from "node:assert/strict";
import fc from "fast-check";
import { counted, lastLine, plural, safeLines, safeText } from "../../src/errors/safe_text.ts";

const CASES: readonly (readonly [string, string])[] = [
  ["nuc", "nuc"],
  ["\u001b[31mred\u001b[0m", "red"],
  ["\u001b]0;title\u0007after", "after"],
  ["\u001b]8;;http://evil\u001b\\link\u001b]8;;\u001b\\", "link"],
  ["a\r\nb\tc", "a b c"],
  ["\u202eabc", "abc"],
  ["\u009b31mred", "red"],
  ["\u001bc", ""],
  ["größe 日本 🦀", "größe 日本 🦀"],
];

for (const [given, expected] of CASES) {
  Deno.test(`safeText of ${JSON.stringify(given)}`, () => {
    assert.equal(safeText(given), expected);
  });
}

const hostile = fc.array(
  fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom("\u001b[", "\u001b]0;", "\u0007", "\u009b", "\u202e", "\n", "2J", "\u001b"),
  ),
).map((parts) => parts.join(""));

Deno.test("R12 no control character survives safeText", () => {
  fc.assert(
    fc.property(hostile, (text) => {
      // deno-lint-ignore no-control-regex
      assert.doesNotMatch(safeText(text), /[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/);
    }),
    { numRuns: 500 },
  );
});

Deno.test("safeText of its own result is the same", () => {
  fc.assert(
    fc.property(hostile, (text) => assert.equal(safeText(safeText(text)), safeText(text))),
    { numRuns: 200 },
  );
});

Deno.test("safeLines keeps line breaks and nothing else", () => {
  assert.equal(safeLines("a\u001b[1m\r\nb\rc\n"), "a\nb\nc\n");
});

Deno.test("what is counted has its own plural, for one and for many", () => {
  assert.deepEqual(
    [0, 1, 2].map((count) => counted(count, "change")),
    ["0 changes", "1 change", "2 changes"],
  );
  assert.equal(counted(2, "built directory"), "2 built directories");
  assert.equal(counted(2, "thing fails", "things fail"), "2 things fail");
  assert.deepEqual([0, 1, 2].map((count) => plural(count, "is", "are")), ["are", "is", "are"]);
  assert.equal(plural(3, "directory"), "directories");
});

Deno.test("the last line of what a program said is one line and harmless", () => {
  const said = "Warning: added\n\u001b[31mPermission\tdenied\u001b[0m\r\n\n";
  assert.equal(lastLine(said), "Permission denied");
  assert.deepEqual(["", " \n"].map(lastLine), ["", ""]);
});
