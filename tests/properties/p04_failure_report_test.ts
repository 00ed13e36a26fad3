/** @module P4 every failure report holds host, task and message. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { parseEventLine, type RunEvent } from "../../src/ansible/events/event.ts";
import { INITIAL_RUN, reduceRun } from "../../src/ansible/events/run_state.ts";
import { failureBlocks, runError } from "../../src/view/runs/run_report.ts";

const host = fc.constantFrom("n1", "n2", "nuc-3");
const words = fc.oneof(
  fc.constantFrom("", " ", "\n", "Hint: ", "\nHint: do it", "broke\nHint: mend", "::::"),
  fc.string(),
);

/** Events as they may stand in the file, sound or not. */
const line = fc.oneof(
  fc.record({
    type: fc.constant("result"),
    host,
    play: fc.oneof(fc.constant(undefined), words),
    task: words,
    role: fc.constantFrom(null, undefined, "k3s_worker"),
    status: fc.constantFrom("ok", "changed", "skipped", "failed", "unreachable", "ignored"),
    seconds: fc.oneof(fc.constant(undefined), fc.double({ min: 0, max: 1e6, noNaN: true })),
    message: fc.oneof(fc.constant(undefined), words, fc.jsonValue()),
    stderr: fc.oneof(fc.constant(undefined), words, fc.jsonValue()),
    rc: fc.oneof(fc.constant(undefined), fc.integer()),
  }),
  fc.record({ type: fc.constant("play_start"), play: words, hosts: fc.array(host) }),
  fc.record({ type: fc.constant("host_start"), host, task: words }),
  fc.record({
    type: fc.constant("run_end"),
    stats: fc.dictionary(
      host,
      fc.record({
        failures: fc.integer({ min: 0, max: 2 }),
        unreachable: fc.integer({ min: 0, max: 1 }),
      }),
    ),
  }),
).map((event) => JSON.stringify(event));

Deno.test("P4 every failure report holds host, task and message", () => {
  fc.assert(
    fc.property(fc.array(line, { maxLength: 30 }), (lines) => {
      const events: RunEvent[] = lines.flatMap((each) => parseEventLine(each) ?? []);
      const state = events.reduce((before, event) => reduceRun(before, event), INITIAL_RUN);
      const failed = new Set<string>();
      for (const event of events) {
        if (event.type === "result" && ["failed", "unreachable"].includes(event.status)) {
          failed.add(event.host);
        }
        if (event.type === "run_end") {
          for (const [name, counts] of Object.entries(event.stats)) {
            if (counts.failures + counts.unreachable > 0) failed.add(name);
          }
        }
      }
      assert.deepEqual(new Set(state.failures.map((failure) => failure.host)), failed);
      for (const failure of state.failures) {
        for (const part of [failure.host, failure.task, failure.message, failure.hint]) {
          assert.notEqual(part.trim(), "");
        }
      }
      const blocks = failureBlocks(state.failures, "/log");
      for (const { host, stage, task, message } of state.failures) {
        const shown = failureBlocks(
          [{ host, stage, task, message, hint: "", unreachable: false }],
          "",
        );
        const [place = "", ...said] = shown[0]!.slice(0, -2);
        const block = blocks.find(([first = "", ...rest]) => {
          const [hosts = ""] = first.split(" · ");
          return hosts.split(", ").includes(host) && first.endsWith(place.slice(host.length)) &&
            said.every((line, index) => rest[index] === line);
        });
        assert.ok(block !== undefined && block.length >= 4);
      }
      const ended = reduceRun(state, {
        type: "end",
        outcome: failed.size > 0 ? "failed" : "ok",
        rc: 0,
        directory: "/d",
        log: "/d/ansible.log",
      });
      const error = runError(ended, { what: "Provisioning", resume: "k3s-tool provision" });
      assert.equal(error !== undefined, failed.size > 0);
      for (const name of failed) assert.ok(error?.message.includes(name));
    }),
    { numRuns: 300 },
  );
});
