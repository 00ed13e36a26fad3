/**
 * The details of a workload.
 *
 * @module
 */

import { podIndex } from "../../reports/pod_index.ts";
import { jobsOf, type WorkloadReport, workloadReport } from "../../reports/workload_report.ts";
import type {
  ClusterEvent,
  ClusterPod,
  Workload,
  WorkloadKind,
} from "../../cluster/read/objects.ts";
import type { ObjectReference } from "../../cluster/api/requests.ts";
import type { LiveView } from "../lists/live_rows.ts";
import { since } from "../words/amounts.ts";
import { reportedHealth } from "../tables/services.ts";
import { templateLines } from "./containers.ts";
import type { ApiObject } from "./object.ts";
import { READING } from "./pod.ts";
import { WorkloadObject } from "./api_objects.ts";
import { conditionSection, eventSection, pairSection, podSection } from "./related.ts";
import { type Field, fieldSection, rows, type Section, section } from "./section.ts";
import { inTone, type Tone } from "../words/tone.ts";

type Parsed = ReturnType<typeof WorkloadObject.parse>;

/** A reference to something that keeps pods running. */
type WorkloadReference = ObjectReference & { readonly kind: WorkloadKind };

/** All that is known of a workload. */
export function workloadDetails(
  view: LiveView,
  reference: WorkloadReference,
  object: ApiObject | undefined,
): readonly Section[] {
  const { kind, namespace, name } = reference;
  const { cluster } = view.live;
  const report = workloadReport(cluster, reference);
  const parsed = object && WorkloadObject.parse(object);
  const jobs = jobsOf(cluster, reference);
  const index = cluster.pods && podIndex(cluster.pods);
  const pods = index && [reference, ...jobs].flatMap((owner) => index.ofOwner(owner));
  return [
    fieldSection("Status", [
      [kind, `${namespace}/${name}`],
      ["Health", reportedHealth(report)],
      ...report === undefined ? [] : reportFields(report, view.now),
      ...parsed === undefined ? [] : specFields(parsed, view.now),
    ]),
    ...parsed === undefined ? [READING] : [
      section("Containers", templateLines(containersOf(parsed))),
      ...parsed.status.conditions.length === 0
        ? []
        : [conditionSection(view, parsed.status.conditions, goodStatus)],
    ],
    ...kind === "CronJob" ? [jobSection(jobs, view.now)] : [],
    podSection(view, pods),
    eventSection(view, belongsTo(reference, jobs, pods), { about: true }),
    ...parsed === undefined ? [] : [pairSection("Selector", parsed.spec.selector.matchLabels)],
  ];
}

/** Conditions that say that something went wrong are well while they do not hold. */
function goodStatus(type: string): "True" | "False" {
  return type === "ReplicaFailure" || type === "Failed" || type === "FailureTarget"
    ? "False"
    : "True";
}

function reportFields(
  { workload, problem, pods, restarts }: WorkloadReport,
  now: number,
): readonly Field[] {
  const ofWanted = `${pods.ready} of ${pods.wanted}`;
  return [
    ["Why", problem?.message],
    workload.kind === "CronJob"
      ? ["Active Jobs", String(pods.ready)]
      : [workload.kind === "Job" ? "Completions" : "Pods ready", ofWanted],
    ["Restarts", restarts === undefined ? undefined : String(restarts)],
    ["Age", since(workload.createdAt, now)],
  ];
}

function specFields({ spec, status }: Parsed, now: number): readonly Field[] {
  const moment = (value: string) => value === "" ? "" : `${since(value, now)} ago`;
  const number = (value: number | undefined) => value === undefined ? "" : String(value);
  return [
    ["Updated", number(status.updatedReplicas ?? status.updatedNumberScheduled)],
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

const JOB_TONES: Readonly<Record<string, Tone>> = { failed: "bad", complete: "good" };

function jobSection(jobs: readonly Workload[], now: number): Section {
  return section(
    `Jobs (${jobs.length})`,
    rows(jobs.map(({ namespace, name, phase, createdAt, problem }) => ({
      cells: [
        name,
        inTone(JOB_TONES[phase ?? ""] ?? "plain", phase ?? "not known"),
        since(createdAt, now),
        problem?.reason ?? "",
      ],
      target: { kind: "Job", namespace, name },
    }))),
  );
}

/** Events of the workload, of its pods, its Jobs and its ReplicaSets. */
function belongsTo(
  { kind, namespace, name }: WorkloadReference,
  jobs: readonly Workload[],
  pods: readonly ClusterPod[] = [],
) {
  const podNames = new Set(pods.map(({ name }) => name));
  const jobNames = new Set(jobs.map(({ name }) => name));
  return (about: ClusterEvent["about"]) => {
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
