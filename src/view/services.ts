/**
 * Services and workloads as rows, sentences and documents.
 *
 * @module
 */

import type { Health, ServiceReport, WorkloadReport } from "../actions/service_report.ts";
import { NOTHING } from "./amounts.ts";
import type { Column } from "./table.ts";
import type { Cell, Tone } from "./tone.ts";

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
  { header: "HEALTH", cell: ({ health, reason }) => healthCell(health, reason) },
];

const TONES: Readonly<Record<Health, Tone>> = {
  Healthy: "good",
  Degraded: "warn",
  Down: "bad",
  Idle: "muted",
  External: "muted",
  Unknown: "muted",
};

/** A health, and why where that is known. */
export function healthCell(health: Health, reason: string): Cell {
  return { text: reason === "" ? health : `${health}: ${reason}`, tone: TONES[health] };
}

/** `Workloads: 4 of 5 ready (kube-system/metrics-server 0/1).` */
export function workloadSentence(workloads: readonly WorkloadReport[]): string {
  if (workloads.length === 0) return "Workloads: none.";
  const ill = workloads.filter(({ health }) => health === "Degraded" || health === "Down");
  const names = ill.map(({ workload: { namespace, name, ready, wanted } }) =>
    `${namespace}/${name} ${ready}/${wanted}`
  );
  const good = workloads.length - ill.length;
  const rest = names.length === 0 ? "" : ` (not ready: ${names.join(", ")})`;
  return `Workloads: ${good} of ${workloads.length} ready${rest}.`;
}

/** `Services: 7, 1 of them not healthy (default/web 0/2).` */
export function serviceSentence(services: readonly ServiceReport[] | undefined): string {
  if (services === undefined) return "Services: not known.";
  const ill = services.filter(({ health }) => health === "Degraded" || health === "Down");
  if (ill.length === 0) return `Services: ${services.length}, none of them in trouble.`;
  const names = ill.map(({ service, pods }) =>
    `${service.namespace}/${service.name} ${pods?.ready ?? "?"}/${pods?.wanted ?? "?"}`
  );
  return `Services: ${services.length}, ${ill.length} in trouble (${names.join(", ")}).`;
}

/** A service as it stands in JSON documents; null stands for what is not known. */
export function serviceItem({ service, pods, health, reason }: ServiceReport) {
  return {
    namespace: service.namespace,
    name: service.name,
    type: service.type,
    clusterIp: service.clusterIp,
    ports: service.ports,
    pods: pods ?? null,
    health,
    reason,
  };
}

/** A workload as it stands in JSON documents. */
export function workloadItem({ workload, health }: WorkloadReport) {
  const { kind, namespace, name, ready, wanted } = workload;
  return { kind, namespace, name, pods: { ready, wanted }, health };
}
