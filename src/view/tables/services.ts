/**
 * Services and workloads as rows, sentences and documents.
 *
 * @module
 */

import { type Health, isTrouble } from "../../reports/health.ts";
import type { ServiceReport } from "../../reports/service_report.ts";
import type { WorkloadReport } from "../../reports/workload_report.ts";
import type { Problem } from "../../cluster/read/objects.ts";
import { NOTHING } from "../words/amounts.ts";
import { Service, Workload } from "./documents.ts";
import { shaped } from "./shaped.ts";
import type { Column } from "./table.ts";
import { inTone, type Tone, type Toned } from "../words/tone.ts";

/** Columns of services. */
export const SERVICE_COLUMNS: readonly Column<ServiceReport>[] = [
  { header: "NAMESPACE", cell: ({ service }) => service.namespace },
  { header: "SERVICE", cell: ({ service }) => service.name },
  { header: "TYPE", cell: ({ service }) => service.type },
  { header: "PORTS", cell: ({ service }) => service.ports.join(",") || NOTHING },
  {
    header: "READY",
    align: "right",
    cell: ({ pods }) => pods === undefined ? NOTHING : `${pods.ready}/${pods.wanted}`,
  },
  { header: "HEALTH", cell: ({ health, problem }) => healthCell(health, problem) },
];

const TONES: Readonly<Record<Health, Tone>> = {
  Healthy: "good",
  Degraded: "warn",
  Down: "bad",
  Idle: "muted",
  Running: "accent",
  Complete: "muted",
  Failed: "bad",
  Suspended: "muted",
  External: "muted",
  Unknown: "muted",
};

/** A health, and why where that is known: `Degraded: CrashLoopBackOff`. */
export function healthCell(health: Health, problem: Problem | undefined): Toned {
  const reason = problem === undefined || problem.reason === "" ? "" : `: ${problem.reason}`;
  return inTone(TONES[health], `${health}${reason}`);
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
