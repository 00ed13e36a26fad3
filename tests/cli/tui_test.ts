import assert from "node:assert/strict";
import { recordedStream, runCommand } from "./fake_context.ts";

const stream = recordedStream(() => {}, { columns: 80, rows: 24 });
const terminal = {
  stdin: { isTerminal: true, readAll: () => Promise.resolve("") },
  stdout: stream,
};

Deno.test("tui on a pipe is wrong usage, and says what to use there", async () => {
  const { code, stdout, stderr } = await runCommand(["tui", "--demo"]);
  assert.deepEqual([code, stdout], [2, ""]);
  assert.match(stderr, /k3s-tool tui needs a terminal/);
  assert.match(stderr, /k3s-tool status --watch/);
});

Deno.test("tui on a terminal that cannot move its cursor says so", async () => {
  const { code, stderr } = await runCommand(["tui", "--demo"], {
    env: { TERM: "dumb" },
    context: terminal,
  });
  assert.equal(code, 2);
  assert.match(stderr, /TERM=dumb/);
  assert.match(stderr, /k3s-tool status --watch/);
});
