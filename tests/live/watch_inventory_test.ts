import assert from "node:assert/strict";
import { watchInventory } from "../../src/live/watch_surroundings.ts";
// As editors do: a file that is half written would be read as it is.
import { writeAtomically } from "../../src/process/atomic_write.ts";
import { withDirectory } from "../ansible/fake_system.ts";
import { INVENTORY } from "../golden/homelab.ts";
import { FakeClock } from "../process/fake_clock.ts";

/** Runs a test with a watch of the inventory in a directory. */
function watching(
  test: (watched: {
    readonly directory: string;
    readonly clock: FakeClock;
    /** What the next reading comes to: the number of hosts, none, or what is wrong. */
    next(): Promise<number | undefined | string>;
  }) => Promise<void>,
): Promise<void> {
  return withDirectory(async (directory) => {
    const clock = new FakeClock();
    const controller = new AbortController();
    const told: (number | undefined | string)[] = [];
    let heard = Promise.withResolvers<void>();
    const done = watchInventory({ cwd: directory, clock }, {
      named: undefined,
      signal: controller.signal,
      tell: (reading) => {
        told.push(reading.known ? reading.value?.hosts.length : reading.error.message);
        heard.resolve();
      },
    });
    done.catch(() => {});
    const next = async () => {
      // It looks again after 2 s of the clock; the files are read in real time.
      while (told.length === 0) await Promise.race([heard.promise, clock.pass(100)]);
      heard = Promise.withResolvers();
      return told.shift();
    };
    await test({ directory, clock, next });
    controller.abort(new Error("all is over"));
    await assert.rejects(done, /all is over/);
  });
}

Deno.test("an inventory is told when it is made, changed, broken, mended and taken away", () =>
  watching(async ({ directory, next }) => {
    assert.equal(await next(), undefined);
    await writeAtomically(`${directory}/hosts.yml`, INVENTORY);
    assert.equal(await next(), 4);
    await writeAtomically(`${directory}/hosts.yml`, INVENTORY.replace(/ +attic: .*\n/, ""));
    assert.equal(await next(), 3);
    await writeAtomically(`${directory}/hosts.yml`, "all: [");
    assert.match(String(await next()), /not a valid inventory/);
    await writeAtomically(`${directory}/hosts.yml`, INVENTORY);
    assert.equal(await next(), 4);
    await Deno.remove(`${directory}/hosts.yml`);
    assert.equal(await next(), undefined);
  }));

Deno.test("variables in files beside it are part of an inventory", () =>
  watching(async ({ directory, next }) => {
    assert.equal(await next(), undefined);
    await writeAtomically(`${directory}/hosts.yml`, INVENTORY);
    assert.equal(await next(), 4);
    await Deno.mkdir(`${directory}/host_vars`);
    assert.equal(await next(), 4);
    await writeAtomically(`${directory}/host_vars/nuc.yml`, "reserved_cpu: [1]\n");
    assert.match(String(await next()), /not a valid inventory/);
  }));
