import assert from "node:assert/strict";
import { followEvents } from "../../../src/ansible/events/event_file.ts";
import { machineClock } from "../../../src/process/system.ts";
import { withDirectory } from "../fake_system.ts";

const line = (message: string) => JSON.stringify({ type: "warning", message }) + "\n";

Deno.test("events come while the file grows, in order, torn lines put together", async () => {
  await withDirectory(async (directory) => {
    const path = `${directory}/events.jsonl`;
    await Deno.writeTextFile(path, line("one"));
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    const seen: string[] = [];
    const append = (text: string) => Deno.writeTextFileSync(path, text, { append: true });
    let rest = "";
    let looks = 0;
    const clock = {
      ...machineClock,
      async sleep(ms: number, signal?: AbortSignal) {
        // The file was read with a torn line at its end: now the line goes on.
        if (rest !== "" && ++looks === 2) append(rest);
        await machineClock.sleep(ms, signal);
      },
    };
    for await (const event of followEvents(path, { ended, clock })) {
      assert.ok(event.type === "warning");
      seen.push(event.message);
      if (event.message === "one") {
        const two = line("two");
        append(two.slice(0, 9));
        rest = two.slice(9) + "garbage\n";
      }
      if (event.message === "two") {
        append(line("three"));
        append(line("last").trimEnd());
        end();
      }
    }
    assert.deepEqual(seen, ["one", "two", "three", "last"]);
    const over = followEvents(path, { ended: Promise.resolve(), clock: machineClock });
    assert.equal((await Array.fromAsync(over)).length, 4);
  });
});

Deno.test("a program that never ran ends the events", async () => {
  await withDirectory(async (directory) => {
    const path = `${directory}/events.jsonl`;
    await Deno.writeTextFile(path, "");
    const ended = Promise.reject(new Error("not started"));
    const events = followEvents(path, { ended, clock: machineClock });
    assert.deepEqual(await Array.fromAsync(events), []);
  });
});
