/**
 * The details of a workload.
 *
 * @module
 */

import type { LiveState } from "../../live/live_state.ts";
import { podIndex } from "../../reports/pod_index.ts";
import { jobsOf, type WorkloadReport, workloadReport } from "../../reports/workload_report.ts";
import type { ClusterPod, Workload, WorkloadKind } from "../../cluster/read/objects.ts";
import type { ObjectReference } from "../../cluster/api/requests.ts";
import { since } from "../words/amounts.ts";
import { healthCell } from "../tables/services.ts";
import { templateLines } from "./containers.ts";
import { READING } from "./pod.ts";
import { WorkloadObject } from "./pod_object.ts";
import { conditionSection, eventSection, pairSection, podSection } from "./related.ts";
import { type Field, fields, rows, type Section, section } from "./section.ts";

type Parsed = ReturnType<typeof WorkloadObject.parse>;

/** A reference to something that keeps pods running. */
export type WorkloadReference = ObjectReference & { readonly kind: WorkloadKind };

/**
 * All that is known of a workload.
 *
 * @param object the workload as the API server has it; undefined while it is being read
 */
export function workloadDetails(
  reference: WorkloadReference,
  object: Readonly<Record<string, unknown>> | undefined,
  state: LiveState,
  now: number,
): readonly Section[] {
  const report = workloadReport(state.cluster, reference);
  const parsed = object && WorkloadObject.parse(object);
  const jobs = jobsOf(state.cluster, reference);
  const pods = podsOf({ reference, jobs, state });
  return [
    statusSection({ reference, report, parsed }, now),
    ...parsed === undefined ? [READING] : [
      section("Containers", templateLines(containersOf(parsed))),
      ...parsed.status.conditions.length === 0 ? [] : [
        conditionSection(
          parsed.status.conditions.map((condition) => ({
            ...condition,
            since: condition.lastTransitionTime || undefined,
          })),
          { now, good: goodStatus },
        ),
      ],
    ],
    ...reference.kind === "CronJob" ? [jobSection(jobs, now)] : [],
    podSection(pods, { now }),
    eventSection(state, { belongs: belongsTo({ reference, jobs, pods }), now, about: true }),
    ...parsed === undefined ? [] : [pairSection("Selector", parsed.spec.selector.matchLabels)],
  ];
}

/** Conditions that say that something went wrong are well while they do not hold. */
function goodStatus(type: string): "True" | "False" {
  return type === "ReplicaFailure" || type === "Failed" || type === "FailureTarget"
    ? "False"
    : "True";
}

function statusSection(
  { reference, report, parsed }: {
    readonly reference: ObjectReference;
    readonly report: WorkloadReport | undefined;
    readonly parsed: Parsed | undefined;
  },
  now: number,
): Section {
  const { kind, namespace, name } = reference;
  return section(
    "Status",
    fields([
      { name: kind, value: `${namespace}/${name}` },
      {
        name: "Health",
        value: report === undefined
          ? { text: "gone, or not known", tone: "warn" }
          : healthCell(report.health, report.problem),
      },
      { name: "Why", value: report?.problem?.message },
      {
        name: kind === "Job" ? "Completions" : kind === "CronJob" ? "Active Jobs" : "Pods ready",
        value: report &&
          (kind === "CronJob"
            ? String(report.pods.ready)
            : `${report.pods.ready} of ${report.pods.wanted}`),
      },
      {
        name: "Restarts",
        value: report?.restarts === undefined ? undefined : String(report.restarts),
      },
      { name: "Age", value: report && since(report.workload.createdAt, now) },
      ...parsed === undefined ? [] : specFields(parsed, now),
    ]),
  );
}

function specFields({ spec, status }: Parsed, now: number): readonly Field[] {
  const moment = (value: string) => value === "" ? "" : `${since(value, now)} ago`;
  const number = (value: number | undefined) => value === undefined ? "" : String(value);
  const updated = status.updatedReplicas ?? status.updatedNumberScheduled;
  return [
    { name: "Updated", value: number(updated) },
    { name: "Available", value: number(status.availableReplicas ?? status.numberAvailable) },
    { name: "Strategy", value: spec.strategy.type || spec.updateStrategy.type },
    { name: "Service", value: spec.serviceName },
    { name: "Rollout", value: spec.paused ? { text: "paused", tone: "warn" } : undefined },
    { name: "Suspended", value: spec.suspend ? { text: "yes", tone: "warn" } : undefined },
    {
      name: "Schedule",
      value: [spec.schedule, spec.timeZone].filter((part) => part !== "").join(" "),
    },
    { name: "Concurrency", value: spec.concurrencyPolicy },
    { name: "Last schedule", value: moment(status.lastScheduleTime) },
    { name: "Last success", value: moment(status.lastSuccessfulTime) },
    { name: "Parallelism", value: number(spec.parallelism) },
    { name: "Backoff limit", value: number(spec.backoffLimit) },
    { name: "Failed pods", value: number(status.failed) },
    { name: "Started", value: moment(status.startTime) },
    { name: "Finished", value: moment(status.completionTime) },
  ];
}

function containersOf({ spec }: Parsed) {
  const direct = spec.template.spec;
  const pod = direct.containers.length > 0 ? direct : spec.jobTemplate.spec.template.spec;
  return [
    ...pod.initContainers.map((each) => ({ spec: each, init: true })),
    ...pod.containers.map((each) => ({ spec: each, init: false })),
  ];
}

function jobSection(jobs: readonly Workload[], now: number): Section {
  return section(
    `Jobs (${jobs.length})`,
    rows(jobs.map(({ namespace, name, phase, createdAt, problem }) => ({
      cells: [
        name,
        {
          text: phase ?? "not known",
          tone: phase === "failed" ? "bad" : phase === "complete" ? "good" : "plain",
        },
        since(createdAt, now),
        problem?.reason ?? "",
      ],
      target: { kind: "Job", namespace, name } as const,
    }))),
  );
}

function podsOf({ reference, jobs, state }: {
  readonly reference: WorkloadReference;
  readonly jobs: readonly Workload[];
  readonly state: LiveState;
}): readonly ClusterPod[] | undefined {
  if (state.cluster.pods === undefined) return undefined;
  const index = podIndex(state.cluster.pods);
  return [reference, ...jobs].flatMap((owner) => index.ofOwner(owner));
}

/** Events of the workload, of its pods, its Jobs and its ReplicaSets. */
function belongsTo({ reference, jobs, pods = [] }: {
  readonly reference: WorkloadReference;
  readonly jobs: readonly Workload[];
  readonly pods: readonly ClusterPod[] | undefined;
}) {
  const podNames = new Set(pods.map(({ name }) => name));
  const jobNames = new Set(jobs.map(({ name }) => name));
  const { kind, namespace, name } = reference;
  return (about: { readonly kind: string; readonly namespace: string; readonly name: string }) => {
    if (about.namespace !== namespace) return false;
    switch (about.kind) {
      case kind:
        return about.name === name;
      case "Pod":
        return podNames.has(about.name);
      case "Job":
        return jobNames.has(about.name);
      case "ReplicaSet":
        // Named after its Deployment and a hash, in which there is no dash.
        return kind === "Deployment" && about.name.startsWith(`${name}-`) &&
          !about.name.slice(name.length + 1).includes("-");
      default:
        return false;
    }
  };
}
