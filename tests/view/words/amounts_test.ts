import assert from "node:assert/strict";
import { bytes, cores, duration, percent, since } from "../../../src/view/words/amounts.ts";

Deno.test("amounts are short, and unknown is not zero", () => {
  assert.deepEqual([0, 0.25, 0.1234, 3.5, 3.96, 12.4].map(cores), [
    "0",
    "0.25",
    "0.12",
    "3.5",
    "4",
    "12",
  ]);
  const GI = 2 ** 30;
  assert.deepEqual([0, 512, 7.5 * GI, 64 * GI, 2 ** 60].map(bytes), [
    "0B",
    "512B",
    "7.5Gi",
    "64Gi",
    "1024Pi",
  ]);
  assert.equal(percent(1, 3), "33%");
  for (const unknown of [cores(undefined), bytes(undefined), percent(undefined, 1)]) {
    assert.equal(unknown, "-");
  }
  assert.equal(percent(1, 0), "-");
});

Deno.test("a span of time has two units at most", () => {
  const [S, M, H, D] = [1e3, 60e3, 3600e3, 86400e3];
  const spans: [number, string][] = [
    [-5, "0s"],
    [59 * S, "59s"],
    [119 * S, "119s"],
    [2 * M, "2m"],
    [179 * M, "179m"],
    [3 * H, "3h"],
    [47 * H, "47h"],
    [2 * D, "2d"],
    [2 * D + 5 * H, "2d5h"],
    [8 * D + 5 * H, "8d"],
    [400 * D, "400d"],
  ];
  for (const [ms, text] of spans) assert.equal(duration(ms), text);
  assert.equal(since(undefined, 0), "-");
  assert.equal(since("nonsense", 0), "-");
  assert.equal(since("2026-11-23T12:00:00Z", Date.parse("2026-11-23T12:05:00Z")), "5m");
});
