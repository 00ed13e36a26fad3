import assert from "node:assert/strict";
import { totalsOf } from "../../src/reports/totals.ts";
import { nodeRows } from "../../src/view/lists/live_rows.ts";
import { type Contents, HOMELAB, liveState, look, node, pod } from "../view/live_fixture.ts";

function totals(contents: Contents) {
  const state = liveState(contents);
  return totalsOf(nodeRows(look(state)), state.cluster);
}

Deno.test("totals are over what is known, and say over how much", () => {
  const { nodes, pods, cpu, versions } = totals(HOMELAB);
  assert.deepEqual(nodes, { ready: 3, all: 5, joined: 4 });
  assert.deepEqual(pods, { running: 4, all: 5 });
  assert.deepEqual(cpu && [cpu.used.toFixed(2), cpu.allocatable, cpu.measured], ["4.25", 10.5, 3]);
  assert.deepEqual(versions, ["v1.36.3+k3s1", "v1.36.2+k3s1"]);
});

Deno.test("what nobody knows has no total", () => {
  assert.deepEqual(totals({}), {
    nodes: { ready: undefined, all: 0, joined: 0 },
    pods: undefined,
    cpu: undefined,
    memory: undefined,
    versions: [],
  });
  const { cpu, memory } = totals({ nodes: [node("nuc")], pods: [pod("a")] });
  assert.deepEqual([cpu, memory], [undefined, undefined]);
});

Deno.test("one resource may be measured without the other", () => {
  const usage = { nuc: { cpu: 1, memory: undefined, disk: undefined } };
  const { cpu, memory } = totals({ nodes: [node("nuc")], usage });
  assert.deepEqual([cpu?.measured, memory], [1, undefined]);
});
