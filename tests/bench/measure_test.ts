import assert from "node:assert/strict";
import { comparePairs, spread, timeOnce } from "./measure.ts";

Deno.test("spread takes the middle of odd and even numbers of figures", () => {
  assert.deepEqual(spread([3, 1, 2]), { min: 1, median: 2, max: 3 });
  assert.deepEqual(spread([4, 1, 2, 3]), { min: 1, median: 2.5, max: 4 });
});

Deno.test("a command that fails is no measurement", async () => {
  await assert.rejects(timeOnce({ name: "false", argv: ["false"] }), /false failed/);
});

Deno.test("waiting takes wall time and no processor time", async () => {
  const { wall, cpu } = await timeOnce({ name: "sleep", argv: ["sleep", "0.2"] });
  assert.ok(wall >= 200, String(wall));
  assert.ok(cpu < wall, String(cpu));
});

Deno.test("ratios are of pairs, and the first run of each does not count", async () => {
  const subject = [1000, 2, 30].values();
  const peer = [1000, 1, 10].values();
  const next = (figures: Iterator<number>) => () => {
    const figure = figures.next().value!;
    return Promise.resolve({ wall: figure, cpu: figure * 2 });
  };
  const { wall, cpu } = await comparePairs(next(subject), next(peer), { runs: 2 });
  assert.deepEqual(wall.ratio, { min: 2, median: 2.5, max: 3 });
  assert.deepEqual(cpu.subject, { min: 4, median: 32, max: 60 });
});
