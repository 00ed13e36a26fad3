import assert from "node:assert/strict";
import { comparePairs, spread, timeOnce } from "./measure.ts";

Deno.test("spread takes the middle of odd and even numbers of figures", () => {
  assert.deepEqual(spread([3, 1, 2]), { min: 1, median: 2, max: 3 });
  assert.deepEqual(spread([4, 1, 2, 3]), { min: 1, median: 2.5, max: 4 });
});

Deno.test("a command that fails is no measurement", async () => {
  await assert.rejects(timeOnce({ name: "false", argv: ["false"] }), /false failed/);
});

Deno.test("the slower of two commands has the larger ratio", async () => {
  const slow = { name: "slow", argv: ["sleep", "0.2"] };
  const quick = { name: "quick", argv: ["true"] };
  assert.ok((await comparePairs(slow, quick, { runs: 3 })).ratio.median > 1);
});
