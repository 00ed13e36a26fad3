/**
 * Services and workloads: the rows of `status` and of the live list, sentences and documents.
 *
 * @module
 */

import { type Health, isTrouble } from "../../reports/health.ts";
import type { ServiceReport } from "../../reports/service_report.ts";
import type { LiveWorkload, WorkloadReport } from "../../reports/workload_report.ts";
import type { Problem } from "../../cluster/read/objects.ts";
import {
  listColumns,
  type ListSpec,
  type SharedColumn,
  textual,
  youngestFirst,
} from "../lists/list.ts";
import { NOTHING, since } from "../words/amounts.ts";
import { Service, Workload } from "./documents.ts";
import { shaped } from "./shaped.ts";
import type { Column } from "./table.ts";
import { type Cell, inTone, type Tone, type Toned } from "../words/tone.ts";

/** Tones of a health, the worst first. */
const TONES: Readonly<Record<Health, Tone>> = {
  Failed: "bad",
  Down: "bad",
  Degraded: "warn",
  Unknown: "muted",
  Running: "accent",
  Suspended: "muted",
  Idle: "muted",
  Complete: "muted",
  External: "muted",
  Healthy: "good",
};

const BY_HEALTH = Object.keys(TONES);

/** Restarts from which on their number is a warning. */
const MANY_RESTARTS = 5;

/** How a service, a workload or a pod stands. */
const HEALTH_COLUMNS: readonly SharedColumn<
  Pick<ServiceReport, "pods" | "health" | "problem">
>[] = [
  {
    header: "READY",
    align: "right",
    cell: ({ pods }) => pods === undefined ? NOTHING : `${pods.ready}/${pods.wanted}`,
    list: {
      priority: 0,
      sort: ({ pods }) => pods && pods.wanted > 0 ? pods.ready / pods.wanted : undefined,
    },
  },
  {
    header: "HEALTH",
    cell: ({ health, problem }) => healthCell(health, problem),
    list: {
      priority: 1,
      grow: true,
      least: 20,
      comfortable: 28,
      // `Down: CrashLoopBackOff: exit code 1`: as much of the message as there is room.
      cell: ({ health, problem }) => {
        const cell = healthCell(health, problem);
        const message = problem?.message ?? "";
        return message === "" ? cell : { ...cell, text: `${cell.text}: ${message}` };
      },
      sort: ({ health }) => BY_HEALTH.indexOf(health),
    },
  },
];

/** Columns of services. */
export const SERVICE_COLUMNS: readonly Column<ServiceReport>[] = [
  { header: "NAMESPACE", cell: ({ service }) => service.namespace },
  { header: "SERVICE", cell: ({ service }) => service.name },
  { header: "TYPE", cell: ({ service }) => service.type },
  { header: "PORTS", cell: ({ service }) => service.ports.join(",") || NOTHING },
  ...HEALTH_COLUMNS,
];

/** Services, workloads, and pods of nobody. */
export const WORKLOAD_LIST: ListSpec<LiveWorkload> = {
  key: ({ uid }) => uid,
  filterText: ({ namespace, name, kind, health, problem }) =>
    `${namespace} ${name} ${namespace}/${name} ${kind} ${health} ${problem?.reason ?? ""}`,
  columns: (now) => [
    {
      header: "NAMESPACE",
      priority: 3,
      grow: true,
      least: 8,
      ...textual(({ namespace }) => namespace),
    },
    { header: "NAME", priority: 0, grow: true, least: 14, ...textual(({ name }) => name) },
    { header: "KIND", priority: 4, ...textual(({ kind }) => kind) },
    ...listColumns(HEALTH_COLUMNS),
    {
      header: "RESTARTS",
      priority: 5,
      align: "right",
      cell: restartsCell,
      sort: ({ restarts }) => restarts,
    },
    {
      header: "AGE",
      priority: 6,
      align: "right",
      cell: ({ createdAt }) => since(createdAt, now),
      sort: ({ createdAt }) => youngestFirst(createdAt),
    },
  ],
};

/** A health, and why where that is known: `Degraded: CrashLoopBackOff`. */
function healthCell(health: Health, problem: Problem | undefined): Toned {
  const reason = problem === undefined || problem.reason === "" ? "" : `: ${problem.reason}`;
  return inTone(TONES[health], `${health}${reason}`);
}

function restartsCell({ restarts }: LiveWorkload): Cell {
  if (restarts === undefined) return NOTHING;
  return inTone(restarts >= MANY_RESTARTS ? "warn" : "plain", String(restarts));
}

/** The health in a report, where there is one. */
export function reportedHealth(
  report: Pick<ServiceReport, "health" | "problem"> | undefined,
): Toned {
  if (report === undefined) return inTone("warn", "gone, or not known");
  return healthCell(report.health, report.problem);
}

/** `Workloads: 4, 1 in trouble (kube-system/metrics-server 0/1).` */
export function workloadSentence(workloads: readonly WorkloadReport[]): string {
  return sentence("Workloads", workloads, ({ workload }) => workload);
}

/** `Services: 7, 1 in trouble (default/web 0/2).` */
export function serviceSentence(services: readonly ServiceReport[] | undefined): string {
  if (services === undefined) return "Services: not known.";
  return sentence("Services", services, ({ service }) => service);
}

function sentence<R extends Pick<ServiceReport, "pods" | "health">>(
  what: string,
  all: readonly R[],
  objectOf: (report: R) => { readonly namespace: string; readonly name: string },
): string {
  if (all.length === 0) return `${what}: none.`;
  const ill = all.filter(({ health }) => isTrouble(health));
  if (ill.length === 0) return `${what}: ${all.length}, none of them in trouble.`;
  const names = ill.map((report) => {
    const { namespace, name } = objectOf(report);
    return `${namespace}/${name} ${report.pods?.ready ?? "?"}/${report.pods?.wanted ?? "?"}`;
  });
  return `${what}: ${all.length}, ${ill.length} in trouble (${names.join(", ")}).`;
}

/** A service as it stands in JSON documents. */
export function serviceItem({ service, problem, ...report }: ServiceReport) {
  return shaped(Service, { ...service, ...report, ...words(problem) });
}

/** A workload as it stands in JSON documents. */
export function workloadItem({ workload, problem, ...report }: WorkloadReport) {
  return shaped(Workload, { ...workload, ...report, ...words(problem) });
}

function words(problem: Problem | undefined) {
  return { reason: problem?.reason ?? "", message: problem?.message ?? "" };
}
