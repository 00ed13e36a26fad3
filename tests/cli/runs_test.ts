import assert from "node:assert/strict";
import { closeRun, openRun } from "../../src/ansible/run/run_history.ts";
import { DOCUMENTS } from "../../src/cli/program/document_schemas.ts";
import { type CommandResult, runCommand } from "./fake_context.ts";

const FAILED = [
  { type: "run_start", playbook: "site.yml", check: false },
  { type: "play_start", play: "Workers", hosts: ["pi"] },
  { type: "host_start", host: "pi", task: "Start the service" },
  {
    type: "result",
    host: "pi",
    play: "Workers",
    task: "Start the service",
    status: "failed",
    seconds: 3,
    message: "k3s-agent.service ends again \u001b[2J each time",
  },
  {
    type: "run_end",
    stats: { pi: { ok: 0, changed: 0, failures: 1, unreachable: 0, skipped: 0 } },
  },
];

/** Runs a command where three runs are kept: one that went well, one that failed, one under way. */
async function withRuns(...argv: readonly string[]): Promise<CommandResult> {
  const directory = await Deno.makeTempDir({ prefix: "k3s-tool-test-" });
  try {
    const runs = `${directory}/state/k3s-tool/runs`;
    const of = { playbook: "site", inventory: "/home/ada/hosts.yml", check: false };
    const ok = await openRun(runs, { ...of, check: true }, Date.parse("2026-11-21T10:00:00Z"));
    await closeRun(ok, { outcome: "ok", rc: 0, seconds: 61 });
    const failed = await openRun(runs, of, Date.parse("2026-11-22T10:00:00Z"));
    const lines = FAILED.map((event) => JSON.stringify({ v: 1, ...event }));
    await Deno.writeTextFile(failed.events, `${lines.join("\n")}\n{"torn`);
    await Deno.writeTextFile(failed.log, "PLAY [Workers]\nfatal: [pi] \u001b[2J\n");
    await closeRun(failed, { outcome: "failed", rc: 2, seconds: 3 });
    await openRun(runs, of, Date.parse("2026-11-23T10:00:00Z"));
    return await runCommand(argv, { directory, env: { XDG_STATE_HOME: `${directory}/state` } });
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("runs list has the newest first and says how each ended", async () => {
  const { code, stdout } = await withRuns("runs", "list");
  assert.equal(code, 0);
  const [, ...rows] = stdout.trimEnd().split("\n").map((line) => line.split(/ {2,}/));
  assert.deepEqual(rows.map(([name, , result]) => [name, result]), [
    ["20261123T100000.000Z-site", "unfinished"],
    ["20261122T100000.000Z-site", "failed"],
    ["20261121T100000.000Z-site", "ok (check)"],
  ]);
  const { stdout: json } = await withRuns("runs", "list", "-o", "json");
  assert.equal(DOCUMENTS.RunList.parse(JSON.parse(json)).items.length, 3);
});

Deno.test("runs show says why a run failed, harmlessly, also where its last line is torn", async () => {
  const { code, stdout, stderr } = await withRuns("runs", "show", "20261122");
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^pi +failed \(Workers\)/m);
  assert.match(stderr, /pi · Workers · Start the service\n.*ends again .* each time/);
  assert.ok(!(stdout + stderr).includes("\u001b[2J"));
  const { stdout: events } = await withRuns("runs", "show", "20261122", "-o", "json");
  const types = events.trimEnd().split("\n").map((line) => JSON.parse(line).type);
  assert.deepEqual(types, ["started", ...FAILED.map(({ type }) => type), "end"]);
});

Deno.test("without a name the newest run is meant; one that has not ended says so", async () => {
  const { code, stderr } = await withRuns("runs", "show");
  assert.equal(code, 0);
  assert.match(stderr, /20261123T100000\.000Z-site has not ended/);
});

Deno.test("runs log prints what ansible-playbook printed, without control characters", async () => {
  const { code, stdout } = await withRuns("runs", "log", "20261122");
  assert.equal(code, 0);
  assert.match(stdout, /^PLAY \[Workers\]\nfatal: \[pi\]/);
  assert.ok(!stdout.includes("\u001b"));
});

Deno.test("a name of no run, or of several, is wrong usage", async () => {
  for (const command of ["show", "log"]) {
    for (
      const [name, said] of [["2025", /There is no run 2025/], ["2026112", /3 runs begin/]] as const
    ) {
      const { code, stderr } = await withRuns("runs", command, name);
      assert.equal(code, 2);
      assert.match(stderr, said);
    }
  }
});

Deno.test("where no run is kept the commands say how to make one", async () => {
  assert.match((await runCommand(["runs", "list"])).stderr, /No run has been kept/);
  const { code, stderr } = await runCommand(["runs", "log"]);
  assert.equal(code, 1);
  assert.match(stderr, /Hint: .*k3s-tool provision/);
});
