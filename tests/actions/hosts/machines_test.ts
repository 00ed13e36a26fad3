import assert from "node:assert/strict";
import fc from "fast-check";
import { machineAt } from "../../../src/actions/hosts/machines.ts";
import { MachineFacts } from "../../../src/ansible/events/machine.ts";
import { fakeSystem, withDirectory } from "../../ansible/fake_system.ts";

Deno.test("facts are one harmless line each, and no amount is one that no machine has", () => {
  const hostile = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom("a\nb", "a\u001b[5mb", "\u202etxet", "x".repeat(500)),
  );
  const amounts = fc.oneof(fc.double(), fc.integer(), fc.constantFrom(1e300, -1, 2.5, NaN));
  const facts = fc.record({
    model: hostile,
    distribution: hostile,
    threads: amounts,
    cores: amounts,
    memory_bytes: amounts,
    cgroup: amounts,
    gpus: fc.array(fc.record({ model: hostile, memory_bytes: amounts }), { maxLength: 200 }),
    disks: fc.array(fc.record({ name: hostile, bytes: amounts })),
  });
  fc.assert(fc.property(facts, (given) => {
    const seen = MachineFacts.parse(given);
    const walk = (value: unknown): void => {
      if (typeof value === "string") {
        // deno-lint-ignore no-control-regex
        assert.doesNotMatch(value, /[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/);
        assert.ok(value.length <= 200);
      } else if (typeof value === "number") {
        assert.ok(Number.isInteger(value) && value >= 0 && value <= 2 ** 60);
      } else if (typeof value === "object" && value !== null) {
        if (Array.isArray(value)) assert.ok(value.length <= 64);
        Object.values(value).forEach(walk);
      }
    };
    walk(seen);
  }));
});

Deno.test("a file of facts that is none is as if nobody had looked, and never hangs", async () => {
  await withDirectory(async (directory) => {
    const system = fakeSystem(directory);
    const machines = `${system.directories.state}/machines`;
    await Deno.mkdir(machines, { recursive: true });
    const at = (address: string) => `${machines}/${address}.json`;
    const whole = JSON.stringify({ seenAt: "2026-11-27T12:00:00Z", facts: { threads: 4 } });
    await Deno.writeTextFile(at("1"), whole);
    await Deno.writeTextFile(at("2"), whole.slice(0, 20));
    await Deno.writeTextFile(at("3"), whole + " ".repeat(1 << 20));
    await Deno.mkdir(at("4"));
    await Deno.symlink("/dev/zero", at("5"));
    assert.equal((await new Deno.Command("mkfifo", { args: [at("6")] }).output()).code, 0);
    assert.equal((await machineAt(system, "1"))?.facts.threads, 4);
    for (const address of ["2", "3", "4", "5", "6", "7"]) {
      assert.equal(await machineAt(system, address), undefined, address);
    }
  });
});
