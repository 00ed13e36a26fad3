import assert from "node:assert/strict";
import stringWidth from "fast-string-width";
import fc from "fast-check";
import type { RunEvent } from "../../../src/ansible/events/event.ts";
import type { HostState, RunState } from "../../../src/ansible/events/run_state.ts";
import { INITIAL_RUN } from "../../../src/ansible/events/run_state.ts";
import { duration, plainLine, progressLines } from "../../../src/view/runs/progress.ts";

const HOST: HostState = {
  host: "nuc",
  status: "running",
  stage: "Control plane",
  task: "Wait for the API",
  ok: 12,
  changed: 3,
  skipped: 1,
  ignored: 0,
  failed: 0,
  seconds: 10,
  since: 1_000,
};

function stateOf(...hosts: readonly HostState[]): RunState {
  return { ...INITIAL_RUN, hosts: new Map(hosts.map((host) => [host.host, host])) };
}

const FOUR = stateOf(
  HOST,
  { ...HOST, host: "dgx-with-a-name-that-is-far-too-long", status: "ok" },
  { ...HOST, host: "日本", status: "failed", task: "Check the disk of this machine" },
  { ...HOST, host: "pi", status: "waiting", ok: 0, changed: 0, seconds: 0 },
);

Deno.test("80 columns: host, stage, task, counts and seconds of each host", () => {
  assert.deepEqual(
    progressLines(FOUR, { columns: 80, now: 5_000, frame: 0 }),
    [
      "⠋ nuc                       Control plane · Wait for the…  12 ok  3 changed  14s",
      "✓ dgx-with-a-name-that-is…  Control plane · Wait for the…  12 ok  3 changed  14s",
      "✗ 日本                      failed: Control plane · Chec…  12 ok  3 changed  14s",
      "· pi                        waiting                          0 ok  0 changed  4s",
    ],
  );
});

Deno.test("200 columns leave room for the whole task", () => {
  const [line = ""] = progressLines(FOUR, { columns: 200, now: 5_000, frame: 1 });
  assert.match(line, /^⠙ nuc {23}Control plane · Wait for the API +12 ok {2}3 changed {2}14s$/);
});

Deno.test("no line is wider than the terminal, whatever hosts are called", () => {
  const host = fc.record({
    host: fc.string({ unit: "grapheme", minLength: 1 }),
    status: fc.constantFrom("waiting", "running", "ok", "failed", "unreachable"),
    stage: fc.string({ unit: "binary" }),
    task: fc.string({ unit: "grapheme", maxLength: 200 }),
    ok: fc.nat(9999),
    changed: fc.nat(9999),
    seconds: fc.double({ min: 0, max: 1e6, noNaN: true }),
  });
  fc.assert(
    fc.property(
      fc.array(host, { maxLength: 30 }),
      fc.integer({ min: 40, max: 240 }),
      (hosts, columns) => {
        const state = stateOf(...hosts.map((each) => ({ ...HOST, ...each }) as HostState));
        const lines = progressLines(state, { columns, now: 5_000, frame: 3 });
        assert.ok(lines.length <= 20);
        for (const line of lines) assert.ok(stringWidth(line) <= columns, line);
      },
    ),
    { numRuns: 200 },
  );
});

Deno.test("of very many hosts the failed ones and those at work are shown", () => {
  const many = Array.from({ length: 100 }, (_, index): HostState => ({
    ...HOST,
    host: `n${index}`,
    status: index === 99 ? "failed" : index === 98 ? "running" : "ok",
  }));
  const lines = progressLines(stateOf(...many), { columns: 80, now: 0, frame: 0 });
  assert.equal(lines.length, 20);
  assert.match(lines[0] ?? "", /^✗ n99 /);
  assert.match(lines[1] ?? "", /^⠋ n98 /);
  assert.equal(lines.at(-1), "  and 81 more hosts");
});

Deno.test("on a pipe a line begins with the host; what changed nothing is said with -v only", () => {
  const result = {
    type: "result",
    host: "nuc",
    play: "Workers",
    task: "Join",
    seconds: 1.25,
  } as const;
  const line = (status: "ok" | "changed" | "failed", verbose = false) =>
    plainLine(INITIAL_RUN, { ...result, status, message: "no\nHint: x" }, { verbose });
  assert.equal(line("ok"), undefined);
  assert.equal(line("ok", true), "nuc: ok: Workers · Join (1.3s)");
  assert.equal(line("changed"), "nuc: changed: Workers · Join (1.3s)");
  assert.equal(line("failed"), "nuc: failed: Workers · Join (1.3s): no");
});

Deno.test("a stage of several plays is announced once", () => {
  const event: RunEvent = { type: "play_start", play: "Workers", hosts: ["a", "b"] };
  assert.equal(plainLine(INITIAL_RUN, event), "all: Workers (2 hosts)");
  assert.equal(plainLine({ ...INITIAL_RUN, stage: "Workers" }, event), undefined);
});

Deno.test("escape sequences of a host do not reach the terminal", () => {
  const evil = { ...HOST, host: "a\u001b[2Jb", task: "\u001b]0;title\u0007x\ny" };
  const text = progressLines(stateOf(evil), { columns: 120, now: 0, frame: 0 }).join("\n");
  assert.ok(!text.includes("\u001b"));
  assert.equal(text.split("\n").length, 1);
});

Deno.test("seconds are short and minutes are minutes", () => {
  assert.deepEqual([0, 59.4, 59.5, 61, 3_600].map(duration), [
    "0s",
    "59s",
    "1m00s",
    "1m01s",
    "60m00s",
  ]);
});
