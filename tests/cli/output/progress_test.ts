/** A run as it is shown on a terminal. */
import assert from "node:assert/strict";
import type { RunEvent } from "../../../src/ansible/events/event.ts";
import type { GlobalOptions } from "../../../src/cli/program/command.ts";
import type { Context } from "../../../src/cli/program/context.ts";
import { Output } from "../../../src/cli/output/output.ts";
import { showRun } from "../../../src/cli/output/progress.ts";
import { FolderAssets } from "../../../src/assets/source.ts";
import { UserError } from "../../../src/errors/user_error.ts";
import { fakeSystem } from "../../ansible/fake_system.ts";
import { FakeClock } from "../../process/fake_clock.ts";
import { recordedStream } from "../fake_context.ts";

const GLOBALS: GlobalOptions = {
  inventory: undefined,
  output: "table",
  verbose: false,
  quiet: false,
  color: true,
  yes: false,
  input: true,
};
const WORDS = { what: "Provisioning", resume: "k3s-tool provision" };

/** Begins a frame that the terminal shows at once (mode 2026). */
const SYNCHRONIZED = "\u001b[?2026h";

const EVENTS: readonly RunEvent[] = [
  { type: "started", directory: "/s/1", log: "/s/1/ansible.log" },
  { type: "play_start", play: "Workers", hosts: ["pi"] },
  { type: "host_start", host: "pi", task: "Join \u001b[2J" },
  { type: "warning", host: "pi", message: "its key ends soon" },
  { type: "result", host: "pi", play: "Workers", task: "Join", status: "failed", message: "no" },
  { type: "end", outcome: "failed", rc: 2, directory: "/s/1", log: "/s/1/ansible.log" },
];

/** Shows the events on a terminal of 80 columns and returns what was written to it. */
async function onTerminal(
  globals: Partial<GlobalOptions> = {},
  events: readonly RunEvent[] = EVENTS,
) {
  let stdout = "";
  let stderr = "";
  const clock = new FakeClock();
  const context: Context = {
    ...fakeSystem("/home/ann"),
    clock,
    stdout: recordedStream((text) => stdout += text),
    stderr: recordedStream((text) => stderr += text, { columns: 80, rows: 24 }),
    stdin: { isTerminal: true, readAll: () => Promise.resolve("") },
    assets: new FolderAssets("/proc/nonexistent"),
  };
  const all = { ...GLOBALS, ...globals };
  const output = new Output(context, all);
  async function* paced() {
    for (const event of events) {
      yield event;
      // Long enough for some frames to be drawn in between.
      await clock.pass(150);
    }
  }
  const error = await showRun(paced(), WORDS, { context, output, globals: all })
    .catch((reason) => reason);
  return { stdout, stderr, error };
}

Deno.test("on a terminal a live line a host, what happens above it, the failure at the end", async () => {
  const { stdout, stderr, error } = await onTerminal();
  assert.ok(error instanceof UserError);
  assert.equal(error.exitCode, 1);
  assert.match(stderr, /▸.* Workers/);
  assert.match(stderr, /pi {2}Workers · Join/);
  assert.match(stderr, /Warning:.* pi: its key ends soon\n/);
  assert.match(stderr, /✗ pi · Workers · Join/);
  assert.ok(stderr.includes(SYNCHRONIZED), "frames are drawn whole");
  assert.ok(!stderr.includes("\u001b[2J"), "the host's own escape sequence is not there");
  assert.match(stdout, /^HOST +RESULT/);
});

Deno.test("with -q nothing moves; the failure is told all the same", async () => {
  const { stderr } = await onTerminal({ quiet: true });
  assert.ok(!stderr.includes("▸") && !stderr.includes(SYNCHRONIZED));
  assert.match(stderr, /✗ pi · Workers · Join/);
});

Deno.test("hosts that failed alike are told once", async () => {
  const failed = { type: "result", play: "Workers", task: "Join", status: "failed" } as const;
  const { stderr } = await onTerminal({ quiet: true }, [
    { type: "play_start", play: "Workers", hosts: ["pi", "nuc"] },
    { ...failed, host: "pi", message: "no" },
    { ...failed, host: "nuc", message: "no" },
    { type: "end", outcome: "failed", rc: 2, directory: "/s/1", log: "/s/1/ansible.log" },
  ]);
  assert.equal(stderr.match(/✗ pi, nuc · Workers · Join/g)?.length, 1);
  assert.equal(stderr.match(/✗/g)?.length, 1);
});
