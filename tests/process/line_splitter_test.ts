import assert from "node:assert/strict";
import fc from "fast-check";
import { LineSplitter } from "../../src/process/line_splitter.ts";

Deno.test("lines come out whole however the bytes are cut, in the middle of a character too", () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: "grapheme" }).map((text) => text.replaceAll("\n", " "))),
      fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 }),
      (lines, sizes) => {
        const bytes = new TextEncoder().encode(lines.map((line) => line + "\n").join("") + "rest");
        const splitter = new LineSplitter();
        const found: string[] = [];
        for (let at = 0, turn = 0; at < bytes.length; turn++) {
          const size = sizes[turn % sizes.length] ?? 1;
          found.push(...splitter.push(bytes.subarray(at, at + size)));
          at += size;
        }
        assert.deepEqual(found, lines);
        assert.equal(splitter.rest, "rest");
      },
    ),
    { numRuns: 200 },
  );
});
