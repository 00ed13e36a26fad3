import assert from "node:assert/strict";
import { screenTable } from "./tui_report.ts";
import type { Measured, RunOptions } from "./tui_run.ts";

const options = { changesPerSecond: 200, seconds: 20, marks: 3 } as RunOptions;

function measured(name: string, factor: number): Measured {
  return {
    name,
    firstFrames: [900, 100, 200].map((ms, round) => ({
      wall: ms * (factor === 1 ? 1 : round + 1),
      cpu: ms * factor / 10,
    })),
    run: {
      firstFrame: { wall: 1, cpu: 1 },
      idle: { cpu: 0.01 * factor, written: 100 * factor },
      busy: { cpu: 0.2 * factor, written: 3_000 * factor },
      changes: 199.6,
      toScreen: [30, 10, 20].map((ms) => ({ sent: ms * factor + 5, answered: ms * factor })),
      memory: 100 * 1024 ** 2 * factor,
      peak: 150 * 1024 ** 2 * factor,
    },
  };
}

Deno.test("figures stand beside the peer's, with the ratio", () => {
  const rows = screenTable([measured("ours", 1), measured("peer", 2)], options).split("\n");
  assert.equal(rows[0], "| What | ours | peer | Ratio | Target |");
  // The ratio is that of the rounds (1, 1/2, 1/3), not that of the medians.
  assert.ok(
    rows.includes("| first full frame | 200 ms | 600 ms | **0.50** (0.33–1.00) | at most half |"),
  );
  assert.ok(
    rows.includes("| processor until then | 20 ms | 40 ms | **0.50** (0.50–0.50) |  |"),
  );
  assert.ok(
    rows.includes("| processor, idle, over 20 s | 1.0 % | 2.0 % | **0.50** | at most half |"),
  );
  assert.ok(rows.includes("| memory, idle | 100 MiB | 200 MiB | **0.50** | at most half |"));
  assert.ok(rows.includes("| … slowest | 30 ms | 60 ms | **0.50** |  |"));
  assert.ok(
    rows.includes("| written, 200 changes a second | 2.9 KiB/s | 5.9 KiB/s | **0.50** |  |"),
  );
  assert.ok(rows.some((row) => row.includes("200 (ours), 200 (peer)")));
});

Deno.test("without a peer there is no ratio", () => {
  const [head = "", , row = ""] = screenTable([measured("ours", 1)], options).split("\n");
  assert.equal(head, "| What | ours | Target |");
  assert.equal(row, "| first full frame | 200 ms | at most half |");
});
