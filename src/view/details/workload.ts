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
import { WorkloadObject } from "./api_objects.ts";
import { conditionSection, eventSection, pairSection, podSection } from "./related.ts";
import { type Field, fieldSection, rows, type Section, section } from "./section.ts";
import { inTone } from "../words/tone.ts";

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
      ...parsed.status.conditions.length === 0
        ? []
        : [conditionSection(parsed.status.conditions, { now, good: goodStatus })],
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
  return fieldSection("Status", [
    [kind, `${namespace}/${name}`],
    [
      "Health",
      report === undefined
        ? inTone("warn", "gone, or not known")
        : healthCell(report.health, report.problem),
    ],
    ["Why", report?.problem?.message],
    [
      kind === "Job" ? "Completions" : kind === "CronJob" ? "Active Jobs" : "Pods ready",
      report &&
      (kind === "CronJob"
        ? String(report.pods.ready)
        : `${report.pods.ready} of ${report.pods.wanted}`),
    ],
    ["Restarts", report?.restarts === undefined ? undefined : String(report.restarts)],
    ["Age", report && since(report.workload.createdAt, now)],
    ...parsed === undefined ? [] : specFields(parsed, now),
  ]);
}

function specFields({ spec, status }: Parsed, now: number): readonly Field[] {
  const moment = (value: string) => value === "" ? "" : `${since(value, now)} ago`;
  const number = (value: number | undefined) => value === undefined ? "" : String(value);
  const updated = status.updatedReplicas ?? status.updatedNumberScheduled;
  return [
    ["Updated", number(updated)],
    ["Available", number(status.availableReplicas ?? status.numberAvailable)],
    ["Strategy", spec.strategy.type || spec.updateStrategy.type],
    ["Service", spec.serviceName],
    ["Rollout", spec.paused ? inTone("warn", "paused") : undefined],
    ["Suspended", spec.suspend ? inTone("warn", "yes") : undefined],
    ["Schedule", [spec.schedule, spec.timeZone].filter((part) => part !== "").join(" ")],
    ["Concurrency", spec.concurrencyPolicy],
    ["Last schedule", moment(status.lastScheduleTime)],
    ["Last success", moment(status.lastSuccessfulTime)],
    ["Parallelism", number(spec.parallelism)],
    ["Backoff limit", number(spec.backoffLimit)],
    ["Failed pods", number(status.failed)],
    ["Started", moment(status.startTime)],
    ["Finished", moment(status.completionTime)],
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
        inTone(
          phase === "failed" ? "bad" : phase === "complete" ? "good" : "plain",
          phase ?? "not known",
        ),
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
