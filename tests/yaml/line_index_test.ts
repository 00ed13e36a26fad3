import assert from "node:assert/strict";
import { LineIndex } from "../../src/yaml/line_index.ts";

Deno.test("lines end with LF, CRLF or CR", () => {
  const lines = new LineIndex("a\r\nbc\nd\re");
  assert.deepEqual([0, 1, 2, 3].map((line) => lines.textOf(line)), ["a", "bc", "d", "e"]);
  assert.deepEqual([0, 3, 4, 6, 8].map((offset) => lines.lineAt(offset)), [0, 1, 1, 2, 3]);
});

Deno.test("places count from 1, a byte order mark not at all", () => {
  const lines = new LineIndex("\ufeffab\nc");
  assert.deepEqual(lines.place("f", 1), { file: "f", line: 1, column: 1 });
  assert.deepEqual(lines.place("f", 2), { file: "f", line: 1, column: 2 });
  assert.deepEqual(lines.place("f", 4), { file: "f", line: 2, column: 1 });
});
