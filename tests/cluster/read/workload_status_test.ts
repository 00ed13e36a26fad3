import assert from "node:assert/strict";
import type { WorkloadKind } from "../../../src/cluster/read/objects.ts";
import { readWorkload } from "../../../src/cluster/read/read_objects.ts";

function workload(
  kind: WorkloadKind,
  { spec = {}, status }: { spec?: Record<string, unknown>; status?: Record<string, unknown> },
) {
  const metadata = { uid: "u", name: "web", namespace: "shop" };
  return readWorkload(kind, { metadata, spec, ...(status === undefined ? {} : { status }) });
}

const condition = (type: string, status: string, reason = "", message = "") => ({
  type,
  status,
  reason,
  message,
});
const available = condition("Available", "True", "MinimumReplicasAvailable");
const unavailable = condition("Available", "False", "MinimumReplicasUnavailable", "too few");

Deno.test("a Deployment says what is wrong, the cause first", () => {
  const stuck = condition("Progressing", "False", "ProgressDeadlineExceeded", "timed out");
  const refused = condition("ReplicaFailure", "True", "FailedCreate", "exceeded quota");
  const cases: [string, unknown[], number, string | undefined][] = [
    ["well", [available, condition("Progressing", "True")], 1, undefined],
    ["says nothing", [], 1, undefined],
    ["too few", [unavailable], 1, "MinimumReplicasUnavailable"],
    ["none wanted", [unavailable], 0, undefined],
    ["stuck", [unavailable, stuck], 1, "ProgressDeadlineExceeded"],
    ["pods refused", [unavailable, stuck, refused], 1, "FailedCreate"],
    ["no reason", [condition("Available", "False")], 1, "Available"],
  ];
  for (const [what, conditions, replicas, reason] of cases) {
    const { problem } = workload("Deployment", { spec: { replicas }, status: { conditions } });
    assert.equal(problem?.reason, reason, what);
  }
});

Deno.test("a Job is running, complete, failed or suspended", () => {
  const cases: [Record<string, unknown>, Record<string, unknown>, string][] = [
    [{}, { active: 1 }, "running"],
    [{ suspend: true }, {}, "suspended"],
    [{}, { succeeded: 3, conditions: [condition("Complete", "True")] }, "complete"],
    [{ suspend: true }, { conditions: [condition("Failed", "True")] }, "failed"],
    [{}, { conditions: [condition("Failed", "False")] }, "running"],
  ];
  for (const [spec, status, phase] of cases) {
    const job = workload("Job", { spec: { completions: 3, ...spec }, status });
    assert.equal(job.phase, phase);
    assert.equal(job.wanted, 3);
    assert.equal(job.ready, phase === "complete" ? 3 : 0);
  }
  assert.equal(workload("Job", {}).wanted, 1);
});

Deno.test("a Job that failed says why", () => {
  const failed = condition("Failed", "True", "BackoffLimitExceeded", "it has reached the limit");
  assert.deepEqual(workload("Job", { status: { conditions: [failed] } }).problem, {
    reason: "BackoffLimitExceeded",
    message: "it has reached the limit",
  });
});

Deno.test("a CronJob has as many Jobs as are active", () => {
  const spec = {
    jobTemplate: { spec: { template: { metadata: { labels: { app: "backup" } } } } },
  };
  const idle = workload("CronJob", { spec });
  assert.deepEqual([idle.ready, idle.wanted, idle.phase], [0, 0, undefined]);
  assert.deepEqual(idle.podLabels, { app: "backup" });
  const active = workload("CronJob", { spec, status: { active: [{}, {}] } });
  assert.deepEqual([active.ready, active.wanted, active.phase], [2, 2, "running"]);
  const off = workload("CronJob", { spec: { ...spec, suspend: true }, status: {} });
  assert.equal(off.phase, "suspended");
});

Deno.test("a Job belongs to its CronJob", () => {
  const ownerReferences = [{ kind: "CronJob", name: "backup", controller: true }];
  const metadata = { uid: "u", name: "backup-29", namespace: "shop", ownerReferences };
  const { owner } = readWorkload("Job", { metadata, spec: {} });
  assert.deepEqual(owner, { kind: "CronJob", name: "backup" });
});
