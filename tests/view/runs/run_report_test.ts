import assert from "node:assert/strict";
import {
  type Failure,
  type HostState,
  INITIAL_RUN,
} from "../../../src/ansible/events/run_state.ts";
import { failureBlocks, RUN_COLUMNS, runError } from "../../../src/view/runs/run_report.ts";
import { renderTable } from "../../../src/view/tables/table.ts";

const HOST: HostState = {
  host: "n1",
  status: "ok",
  stage: "Workers",
  task: "Join",
  ok: 12,
  changed: 3,
  skipped: 2,
  ignored: 0,
  failed: 0,
  seconds: 62,
};
const FAILURE: Failure = {
  host: "n2",
  stage: "Preflight",
  task: "Check Tailscale",
  message: "logged out\nsince yesterday",
  hint: "Log in with: sudo tailscale up",
  unreachable: false,
};
const WORDS = { what: "Provisioning", resume: "k3s-tool provision" };
const ENDED = { ...INITIAL_RUN, directory: "/s/1", log: "/s/1/ansible.log" };

Deno.test("the table has a row a host", () => {
  const rows: HostState[] = [
    HOST,
    { ...HOST, host: "n2", status: "failed", stage: "Preflight", failed: 1, changed: 0 },
    { ...HOST, host: "n3", status: "waiting", ok: 0, changed: 0, seconds: 0 },
  ];
  assert.equal(
    renderTable(RUN_COLUMNS, rows),
    `HOST  RESULT              OK  CHANGED  FAILED   TIME
n1    done                12        3       0  1m02s
n2    failed (Preflight)  12        0       1  1m02s
n3    not started          0        0       0     0s
`,
  );
});

Deno.test("a failure is told with host, stage, task, message, hint and log", () => {
  assert.deepEqual(failureBlocks([FAILURE], "/s/1/ansible.log"), [[
    "n2 · Preflight · Check Tailscale",
    "  logged out",
    "  since yesterday",
    "  Hint: Log in with: sudo tailscale up",
    "  Log: /s/1/ansible.log",
  ]]);
});

Deno.test("hosts that failed alike share a block; other words or another task have their own", () => {
  const failures = [
    { ...FAILURE, host: "n1" },
    { ...FAILURE, host: "n4", message: "not installed" },
    { ...FAILURE, host: "n2" },
    { ...FAILURE, host: "n5", task: "Check sudo" },
    { ...FAILURE, host: "n3" },
  ];
  const blocks = failureBlocks(failures, "/s/1/ansible.log");
  assert.deepEqual(blocks.map(([first]) => first), [
    "n1, n2, n3 · Preflight · Check Tailscale",
    "n4 · Preflight · Check Tailscale",
    "n5 · Preflight · Check sudo",
  ]);
  assert.deepEqual(blocks[0]?.slice(1), failureBlocks([FAILURE], "/s/1/ansible.log")[0]?.slice(1));
});

Deno.test("a shared block keeps every next step that names its host", () => {
  const failures = ["n1", "n2", "n2"].map((host) => ({ ...FAILURE, host, hint: `ssh ${host}` }));
  assert.deepEqual(failureBlocks(failures, undefined), [[
    "n1, n2 · Preflight · Check Tailscale",
    "  logged out",
    "  since yesterday",
    "  Hint: ssh n1",
    "  Hint: ssh n2",
  ]]);
});

Deno.test("the key line names the host, what it said, the next step, the log and how to go on", () => {
  const error = runError({ ...ENDED, outcome: "failed", failures: [FAILURE] }, WORDS);
  assert.equal(error?.exitCode, 1);
  assert.equal(
    error?.message,
    "Provisioning failed on n2: Preflight · Check Tailscale: logged out",
  );
  assert.match(error?.hint ?? "", /^Log in with: sudo tailscale up/);
  assert.match(error?.hint ?? "", /k3s-tool provision/);
  assert.match(error?.hint ?? "", /\/s\/1\/ansible\.log/);
});

Deno.test("several hosts are counted and named", () => {
  const state = {
    ...ENDED,
    outcome: "failed",
    hosts: new Map(
      [HOST, { ...HOST, host: "n2" }, { ...HOST, host: "n3" }].map((h) => [h.host, h]),
    ),
    failures: [FAILURE, { ...FAILURE, host: "n3" }, FAILURE],
  } as const;
  assert.equal(
    runError(state, WORDS)?.message,
    "Provisioning failed on 2 of 3 hosts (n2, n3)",
  );
});

Deno.test("an interrupted run says in which state the hosts are and exits with 130", () => {
  const hosts: HostState[] = [
    HOST,
    { ...HOST, host: "n2", status: "running", changed: 0 },
    { ...HOST, host: "n3", status: "waiting" },
  ];
  const error = runError({
    ...ENDED,
    outcome: "interrupted",
    hosts: new Map(hosts.map((host) => [host.host, host])),
  }, WORDS);
  assert.equal(error?.exitCode, 130);
  assert.equal(
    error?.message,
    "Provisioning was interrupted; n1 is partly set up (at Workers · Join), " +
      "n2 may have been changed (at Workers · Join), 1 not started",
  );
});

Deno.test("a run that never began says what ansible-playbook said", () => {
  const error = runError({ ...ENDED, outcome: "error", message: "ERROR! no hosts" }, WORDS);
  assert.equal(error?.message, "Provisioning could not run: ERROR! no hosts");
});

Deno.test("a run that went well is no error", () => {
  assert.equal(runError({ ...ENDED, outcome: "ok" }, WORDS), undefined);
});
