/**
 * The live list of what runs in the cluster.
 *
 * @module
 */

import type { Health } from "../../reports/health.ts";
import type { LiveWorkload } from "../../reports/workload_report.ts";
import { NOTHING, since } from "../words/amounts.ts";
import { type ListSpec, textual, youngestFirst } from "./list.ts";
import { healthCell } from "../tables/services.ts";
import { type Cell, inTone, type Toned } from "../words/tone.ts";

/** Restarts from which on their number is a warning. */
const MANY_RESTARTS = 5;

/** Order of health. */
const WORST_FIRST: readonly Health[] = [
  "Failed",
  "Down",
  "Degraded",
  "Unknown",
  "Running",
  "Suspended",
  "Idle",
  "Complete",
  "External",
  "Healthy",
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
    {
      header: "READY",
      priority: 0,
      align: "right",
      cell: ({ pods }) => pods === undefined ? NOTHING : `${pods.ready}/${pods.wanted}`,
      sort: ({ pods }) => pods && pods.wanted > 0 ? pods.ready / pods.wanted : undefined,
    },
    {
      header: "HEALTH",
      priority: 1,
      grow: true,
      least: 20,
      comfortable: 28,
      cell: healthWords,
      sort: ({ health }) => WORST_FIRST.indexOf(health),
    },
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

/** `Down: CrashLoopBackOff: exit code 1`: health, reason, and as much of the message as there is room. */
function healthWords({ health, problem }: LiveWorkload): Toned {
  const cell = healthCell(health, problem);
  const message = problem?.message ?? "";
  return message === "" ? cell : { ...cell, text: `${cell.text}: ${message}` };
}

function restartsCell({ restarts }: LiveWorkload): Cell {
  if (restarts === undefined) return NOTHING;
  return inTone(restarts >= MANY_RESTARTS ? "warn" : "plain", String(restarts));
}
