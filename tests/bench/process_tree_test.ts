import assert from "node:assert/strict";
import { usageOf } from "./process_tree.ts";

Deno.test("what a process and those it started use is added up", async () => {
  const busy = "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done";
  const child = new Deno.Command("sh", {
    args: ["-c", `sh -c '${busy}; echo done; read -r x; :'`],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  try {
    const reader = child.stdout.getReader();
    await reader.read();
    reader.releaseLock();
    const { cpu, memory, peak } = await usageOf(child.pid);
    assert.ok(cpu > 0.05, `${cpu} s`);
    assert.ok(memory > 500_000 && memory < 100e6, `${memory} bytes`);
    assert.ok(peak >= memory);
  } finally {
    await child.stdin.close();
    await child.stdout.cancel();
    await child.status;
  }
  await assert.rejects(usageOf(child.pid), /does not run/);
});
