import assert from "node:assert/strict";
import fc from "fast-check";
import { duration, showsSeconds } from "../../../src/view/words/amounts.ts";

Deno.test("ages and countdowns in seconds are seen, wherever they stand", () => {
  assert.ok(showsSeconds("✗ lost 1m12s ago: no route; next try in 5s (r: now)"));
  assert.ok(showsSeconds("›  2s ! Failed  Pod/transcoder"));
  assert.ok(showsSeconds("  ⠙ nuc  Preflight  0 ok  0 changed  6s"));
  fc.assert(fc.property(fc.nat(3_600_000), (ms) => {
    // With minutes alone there is nothing that changes each second.
    const age = duration(ms);
    assert.equal(showsSeconds(`  ${age} Pulled`), age.endsWith("s"), age);
  }));
});

Deno.test("what stands still in names and messages is no age", () => {
  for (
    const line of ["back-off 5m0s restarting", "pods 3s-abc", "v1.36.3+k3s1", "web-5s4z", "10m ago"]
  ) {
    assert.ok(!showsSeconds(line), line);
  }
});
