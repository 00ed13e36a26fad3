import assert from "node:assert/strict";
import fc from "fast-check";
import { didYouMean, nearest } from "../../src/errors/nearest.ts";

const COMMANDS = ["init", "discover", "node", "config", "provision", "status", "tui", "version"];

for (
  const [word, names, found] of [
    ["prov", COMMANDS, ["provision"]],
    ["provison", COMMANDS, ["provision"]],
    ["stauts", COMMANDS, ["status"]],
    ["PROVISION", COMMANDS, ["provision"]],
    ["xyz", COMMANDS, []],
    ["", COMMANDS, []],
    ["reserved_mem", ["reserved_cpu", "reserved_memory", "gpu"], ["reserved_memory"]],
    ["memory", ["reserved_cpu", "reserved_memory"], ["reserved_memory"]],
    ["k3s_verison", ["k3s_version", "k3s_tls_san"], ["k3s_version"]],
    ["worker1", ["worker-1", "worker-2", "nuc"], ["worker-1"]],
    ["--chekc", ["--check", "--color"], ["--check"]],
  ] as const
) {
  Deno.test(`${JSON.stringify(word)} means ${found.join(", ") || "nothing"}`, () => {
    assert.deepEqual(nearest(word, names), found);
  });
}

Deno.test("of eighty hosts no more than three are named", () => {
  const hosts = Array.from({ length: 80 }, (_, at) => `node${at + 1}`);
  assert.equal(didYouMean("nod", hosts, "-"), "Did you mean node1, node2 or node3?");
  assert.equal(didYouMean("gateway", hosts, "See them."), "See them.");
});

Deno.test("one slip in a name of four letters or more is always found out", () => {
  const name = fc.stringMatching(/^[a-z][a-z0-9-]{3,14}$/);
  fc.assert(
    fc.property(name, fc.nat(), fc.constantFrom("drop", "double", "swap"), (name, at, how) => {
      const index = at % (name.length - 1);
      const [head, a = "", b = "", tail] = [
        name.slice(0, index),
        name[index],
        name[index + 1],
        name.slice(index + 2),
      ];
      const slip = {
        drop: head + b + tail,
        double: head + a + a + b + tail,
        swap: head + b + a + tail,
      };
      assert.ok(nearest(slip[how], [name, "zzzzzzzzzzzzzzzzzzzzzzzzzzzz"]).includes(name));
    }),
    { numRuns: 300 },
  );
});
