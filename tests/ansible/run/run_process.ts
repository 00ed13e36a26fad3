/**
 * A run in a process of its own, for tests of who looks on from another: takes the lock, begins a
 * run, says so, and does what it is told on stdin — `event JSON` or `end OUTCOME` — until that ends.
 *
 * @module
 */

import { type Outcome, OUTCOMES } from "../../../src/ansible/events/event.ts";
import { closeRun, openRun } from "../../../src/ansible/run/run_history.ts";
import { lockInventory } from "../../../src/ansible/run/run_lock.ts";
import { fakeSystem } from "../fake_system.ts";

const [home = "", inventory = ""] = Deno.args;
const system = fakeSystem(home);
const say = (text: string) => Deno.stdout.write(new TextEncoder().encode(`${text}\n`));

using _lock = await lockInventory(system, inventory);
const run = await openRun(
  `${system.directories.state}/runs`,
  { playbook: "site", inventory, check: false },
  system.clock.now(),
);
await say(run.directory);
for await (const chunk of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
  for (const line of chunk.trim().split("\n")) {
    const [verb, ...rest] = line.split(" ");
    const text = rest.join(" ");
    if (verb === "event") await Deno.writeTextFile(run.events, `${text}\n`, { append: true });
    else if (verb === "end" && isOutcome(text)) {
      await closeRun(run, { outcome: text, rc: text === "ok" ? 0 : 2, seconds: 1 });
    } else throw new RangeError(`not understood: ${line}`);
  }
}

function isOutcome(text: string): text is Outcome {
  return (OUTCOMES as readonly string[]).includes(text);
}
