import assert from "node:assert/strict";
import { ago } from "../live_fixture.ts";
import { part, sections, text } from "./details_text.ts";

Deno.test("a workload: its containers, its pods, what was said of them", () => {
  const object = {
    spec: {
      replicas: 2,
      strategy: { type: "RollingUpdate" },
      selector: { matchLabels: { app: "web" } },
      template: { spec: { containers: [{ name: "web", image: "web:2" }] } },
    },
    status: {
      updatedReplicas: 2,
      availableReplicas: 1,
      conditions: [
        { type: "Available", status: "False", reason: "MinimumReplicasUnavailable", message: "" },
        { type: "ReplicaFailure", status: "True", reason: "FailedCreate", message: "no quota" },
      ],
    },
  };
  assert.equal(
    text(sections("Deployment", "web", { object })),
    `Status:
  Deployment  default/web
  Health      Degraded: CrashLoopBackOff
  Why         exit code 1; back-off 5m0s
  Pods ready  1 of 2
  Restarts    7
  Age         2d2h
  Updated     2
  Available   1
  Strategy    RollingUpdate
Containers:
  web  web:2  requests none  limits none
Conditions:
  Available       False  -  MinimumReplicasUnavailable
  ReplicaFailure  True   -  FailedCreate: no quota
Pods (2):
  web-1  1/1  Running                    0 restarts  3h  nuc -> Pod default/web-1
  web-2  0/1  Running: CrashLoopBackOff  7 restarts  3h  nuc -> Pod default/web-2
Events:
  60s  !  BackOff    Pod/web-2  Back-off restarting failed container (×15) -> Pod default/web-2
  30m     Scheduled  Pod/web-1  assigned to nuc -> Pod default/web-1
Selector:
  app=web`,
  );
});

Deno.test("a CronJob leads to its Jobs, and a Job of it can be looked at too", () => {
  const object = {
    spec: {
      schedule: "0 3 * * *",
      concurrencyPolicy: "Forbid",
      jobTemplate: {
        spec: { template: { spec: { containers: [{ name: "tar", image: "tar:1" }] } } },
      },
    },
    status: { lastScheduleTime: ago(540), lastSuccessfulTime: ago(539) },
  };
  const cron = sections("CronJob", "backup", { object });
  assert.match(part(cron, "Status"), /Schedule +0 3 \* \* \*/);
  assert.match(part(cron, "Status"), /Last success +8h ago/);
  assert.match(part(cron, "Containers"), /tar +tar:1/);
  assert.match(part(cron, "Jobs (1)"), /backup-1 +complete +2d2h -> Job default\/backup-1/);
  const job = sections("Job", "backup-1");
  assert.match(part(job, "Status"), /Health +Complete\n +Completions +1 of 1/);
  assert.match(part(job, "Pods (1)"), /backup-1-x .* -> Pod default\/backup-1-x/);
  assert.match(part(sections("Job", "other"), "Status"), /gone, or not known/);
});
