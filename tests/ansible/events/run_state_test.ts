import assert from "node:assert/strict";
import type { RunEvent } from "../../../src/ansible/events/event.ts";
import { INITIAL_RUN, reduceRun, type RunState } from "../../../src/ansible/events/run_state.ts";
import { GENERAL_HINT } from "../../../src/ansible/events/failure_hint.ts";

function play(events: readonly RunEvent[]): RunState {
  return events.reduce((state, event) => reduceRun(state, event, 5_000), INITIAL_RUN);
}

const START: readonly RunEvent[] = [
  { type: "run_start", playbook: "site.yml", check: false },
  { type: "play_start", play: "Control plane", hosts: ["n1", "n2"] },
];

Deno.test("hosts wait until something happens on them", () => {
  const state = play(START);
  assert.deepEqual([...state.hosts.values()].map(({ host, status }) => [host, status]), [
    ["n1", "waiting"],
    ["n2", "waiting"],
  ]);
});

Deno.test("a task runs, is retried, and is counted when it ends", () => {
  const running = play([
    ...START,
    { type: "host_start", host: "n1", task: "Wait for the API", role: "k3s_control_plane" },
    { type: "retry", host: "n1", task: "Wait for the API", attempt: 2, retries: 9 },
  ]);
  const before = running.hosts.get("n1");
  assert.equal(before?.status, "running");
  assert.equal(before.since, 5_000);
  assert.deepEqual(before.retry, { attempt: 2, retries: 9 });
  const after = reduceRun(running, {
    type: "result",
    host: "n1",
    play: "Control plane",
    task: "Wait for the API",
    status: "changed",
    seconds: 2.5,
  }).hosts.get("n1");
  assert.deepEqual(after, {
    host: "n1",
    status: "ok",
    stage: "Control plane",
    task: "Wait for the API",
    role: "k3s_control_plane",
    ok: 1,
    changed: 1,
    skipped: 0,
    ignored: 0,
    failed: 0,
    seconds: 2.5,
  });
});

Deno.test("a failure holds host, stage, task, message and the hint of the role", () => {
  const state = play([...START, {
    type: "result",
    host: "n2",
    play: "Control plane",
    task: "Check the disk",
    status: "failed",
    message: "only 3 MiB are free\nHint: free some space",
  }]);
  assert.deepEqual(state.failures, [{
    host: "n2",
    stage: "Control plane",
    task: "Check the disk",
    message: "only 3 MiB are free",
    hint: "free some space",
    unreachable: false,
  }]);
  assert.equal(state.hosts.get("n2")?.status, "failed");
  assert.equal(state.hosts.get("n1")?.status, "waiting");
});

Deno.test("a failure without a hint gets one from what was said", () => {
  const state = play([...START, {
    type: "result",
    host: "n2",
    task: "Probe",
    status: "unreachable",
    message: "Failed to connect: root@100.64.0.2: Permission denied (publickey).",
  }]);
  assert.match(state.failures[0]?.hint ?? "", /ssh-copy-id/);
  assert.equal(state.failures[0]?.stage, "Control plane");
});

Deno.test("a failure that says nothing still says something", () => {
  const state = play([...START, {
    type: "result",
    host: "n1",
    task: "",
    status: "failed",
    rc: 137,
    censored: true,
  }]);
  const failure = state.failures[0];
  assert.equal(failure?.message, "The task failed with exit code 137 and said nothing");
  assert.equal(failure?.task, "(unnamed task)");
  assert.equal(failure?.hint, GENERAL_HINT);
});

Deno.test("an ignored failure is none", () => {
  const state = play([...START, {
    type: "result",
    host: "n1",
    task: "x",
    status: "ignored",
    message: "bad",
  }]);
  assert.deepEqual(state.failures, []);
  assert.equal(state.hosts.get("n1")?.ignored, 1);
  assert.equal(state.hosts.get("n1")?.status, "ok");
});

Deno.test("a host that only the recap counts as failed is reported", () => {
  const counts = { ok: 3, changed: 0, failures: 1, unreachable: 0, skipped: 0, rescued: 0 };
  const state = play([...START, {
    type: "run_end",
    stats: { n1: { ...counts, ignored: 0 }, n2: { ...counts, failures: 0, ignored: 0 } },
  }]);
  assert.deepEqual(state.failures.map(({ host }) => host), ["n1"]);
  assert.equal(state.hosts.get("n1")?.status, "failed");
});

Deno.test("the end tells the outcome and where the run is kept", () => {
  const state = play([
    { type: "started", directory: "/s/runs/1", log: "/s/runs/1/ansible.log" },
    {
      type: "end",
      outcome: "error",
      rc: 1,
      directory: "/s/runs/1",
      log: "/s/runs/1/ansible.log",
      message: "no hosts",
    },
  ]);
  assert.equal(state.outcome, "error");
  assert.equal(state.message, "no hosts");
  assert.equal(state.log, "/s/runs/1/ansible.log");
});
