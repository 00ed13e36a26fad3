/**
 * Jobs, and the CronJob that makes one every minute.
 *
 * @module
 */

import { type Draft, newUid, say, type SimWorkload } from "./model.ts";
import { makePod, podsOf, workloadAbout } from "./pods.ts";

const MINUTE_MS = 60_000;

/** Jobs that are kept when they are done, of one CronJob (`successfulJobsHistoryLimit`). */
const KEPT = 3;

/** One second of all Jobs and CronJobs. */
export function stepJobs(draft: Draft): void {
  for (const [id, workload] of draft.workloads) {
    if (workload.kind === "CronJob") stepCronJob(draft, id, workload);
    else if (workload.kind === "Job") stepJob(draft, id, workload);
  }
}

function stepJob(draft: Draft, id: string, job: SimWorkload): void {
  if (job.doneAt !== undefined) return;
  const pods = podsOf(draft, id);
  if (!pods.some(({ endingSince }) => endingSince === undefined)) makePod(draft, id);
  const done = pods.some(({ stage }) => stage === "ended");
  const status = { ...job.status, pods: pods.length, ready: done ? 1 : 0 };
  if (done) {
    draft.workloads.set(id, { ...job, status, doneAt: draft.now });
    say(draft, workloadAbout(job), { reason: "Completed", message: "Job completed" });
  } else if (status.pods !== job.status.pods) {
    draft.workloads.set(id, { ...job, status });
  }
}

function stepCronJob(draft: Draft, id: string, cron: SimWorkload): void {
  const jobs = jobsOf(draft, cron);
  let { doneAt } = cron;
  if (draft.now % MINUTE_MS === 0 && draft.now > draft.startedAt) {
    // Named by the minute, as the controller does it.
    makeJob(draft, cron, `${cron.name}-${draft.now / MINUTE_MS}`);
    doneAt = draft.now;
  }
  const done = jobs.filter((job) => job.doneAt !== undefined);
  for (const job of done.slice(0, Math.max(0, done.length - KEPT))) removeJob(draft, job);
  const active = jobsOf(draft, cron).filter((job) => job.doneAt === undefined).length;
  if (active !== cron.status.wanted || doneAt !== cron.doneAt) {
    draft.workloads.set(id, { ...cron, doneAt, status: { ...cron.status, wanted: active } });
  }
}

function jobsOf(draft: Draft, cron: SimWorkload): SimWorkload[] {
  return [...draft.workloads.values()].filter(({ kind, owner, namespace }) =>
    kind === "Job" && owner === cron.name && namespace === cron.namespace
  );
}

function makeJob(draft: Draft, cron: SimWorkload, name: string): void {
  const { namespace, app } = cron;
  draft.workloads.set(`Job ${namespace}/${name}`, {
    ...cron,
    uid: newUid(draft),
    kind: "Job",
    name,
    app,
    bornAt: draft.now,
    owner: cron.name,
    doneAt: undefined,
    status: { generation: 1, pods: 0, updated: 0, ready: 0, wanted: 1 },
  });
  say(draft, workloadAbout(cron), {
    reason: "SuccessfulCreate",
    message: `Created job ${name}`,
  });
}

function removeJob(draft: Draft, { namespace, name }: SimWorkload): void {
  const id = `Job ${namespace}/${name}`;
  for (const pod of podsOf(draft, id)) draft.pods.delete(pod.uid);
  draft.workloads.delete(id);
}
