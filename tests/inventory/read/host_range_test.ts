import assert from "node:assert/strict";
import {
  expandHostRange,
  HostRangeError,
  isHostRange,
} from "../../../src/inventory/read/group_tree.ts";

// What ansible-core 2.16 `expand_hostname_range` answers.
for (
  const [pattern, names] of [
    ["node[1:3]", ["node1", "node2", "node3"]],
    ["node[01:10:3]", ["node01", "node04", "node07", "node10"]],
    ["node[8:11]", ["node8", "node9", "node10", "node11"]],
    ["[a:c].example", ["a.example", "b.example", "c.example"]],
    ["r[1:2]-[a:b]", ["r1-a", "r1-b", "r2-a", "r2-b"]],
    ["n[:2]", ["n0", "n1", "n2"]],
    ["plain", ["plain"]],
  ] as const
) {
  Deno.test(`${pattern} stands for ${names.length} hosts`, () => {
    assert.deepEqual(expandHostRange(pattern), names);
    assert.equal(isHostRange(pattern), names.length > 1);
  });
}

for (const pattern of ["n[3:1]", "n[01:100]", "n[a:10]", "n[1:5:0]", "n[0:999999]"]) {
  Deno.test(`${pattern} is refused`, () => {
    assert.throws(() => expandHostRange(pattern), HostRangeError);
  });
}
