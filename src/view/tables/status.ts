/**
 * How a cluster stands, as `status` shows it: the rows and sums of the live screen, as text and as
 * a document.
 *
 * @module
 */

import { safeText } from "../../errors/safe_text.ts";
import { usageError } from "../../errors/user_error.ts";
import type { LiveState } from "../../live/live_state.ts";
import type { NodeReport } from "../../reports/node_report.ts";
import type { ServiceReport } from "../../reports/service_report.ts";
import type { Totals } from "../../reports/totals.ts";
import type { WorkloadReport } from "../../reports/workload_report.ts";
import type { Metrics } from "../../cluster/watch/cluster_state.ts";
import type { Connection } from "../../cluster/watch/watch_news.ts";
import { type GitopsReport, gitopsReport, gitopsSentence } from "../lists/live_gitops.ts";
import { nodeRows, serviceRows, totals, workloadReportRows } from "../lists/live_rows.ts";
import { gapsOf, usageGap, warningsOf } from "../words/notices.ts";
import { shownTime } from "../../process/system.ts";
import { cellWidth } from "../words/cells.ts";
import { connectionWords } from "../words/connection_words.ts";
import { nodeColumns, nodeItem } from "./nodes.ts";
import {
  SERVICE_COLUMNS,
  serviceItem,
  serviceSentence,
  workloadItem,
  workloadSentence,
} from "./services.ts";
import { renderTable } from "./table.ts";
import type { Paint } from "../words/tone.ts";
import { totalParts } from "../words/total_words.ts";
import { STATUS } from "./documents.ts";
import { shaped } from "./shaped.ts";

/** How things stand. */
export interface Status {
  /** `cluster_name`; undefined without an inventory. */
  readonly clusterName: string | undefined;
  /** `https://100.64.0.1:6443`; undefined where the cluster was never reached. */
  readonly server: string | undefined;
  readonly connection: Connection;
  readonly nodes: readonly NodeReport[];
  /** Undefined where they could not be listed. */
  readonly services: readonly ServiceReport[] | undefined;
  readonly workloads: readonly WorkloadReport[];
  readonly totals: Totals;
  readonly gitops: GitopsReport;
  readonly metrics: Metrics;
  /** What could not be read, each in words. */
  readonly gaps: readonly string[];
  /** Why the use of CPU and memory is not known, as a sentence. */
  readonly usageGap: string | undefined;
  /** What a person should look at soon. */
  readonly warnings: readonly string[];
}

/**
 * The status at `now` (milliseconds since the epoch).
 *
 * @param names nodes that are shown, by the names of the inventory or of the cluster; none: all
 * @throws {UserError} exit code 2 where there is no node of a name, once the nodes are known
 */
export function statusOf(state: LiveState, now: number, names: readonly string[] = []): Status {
  const { inventory, server, connection, cluster } = state;
  const heard = connection.state === "live" || cluster.nodes !== undefined;
  return {
    clusterName: inventory?.known ? inventory.value?.cluster.clusterName : undefined,
    server,
    connection,
    nodes: heard || names.length === 0
      ? chosen(nodeRows(state, now), names)
      : nodeRows(state, now).filter((row) => names.some((name) => isCalled(row, name))),
    services: serviceRows(state),
    workloads: workloadReportRows(state),
    totals: totals(state, now),
    gitops: gitopsReport(state),
    metrics: heard ? cluster.metrics : { known: false, reason: "the cluster could not be asked" },
    gaps: gapsOf(state),
    usageGap: usageGap(state),
    warnings: warningsOf(state, now),
  };
}

function chosen(rows: readonly NodeReport[], names: readonly string[]): readonly NodeReport[] {
  if (names.length === 0) return rows;
  for (const name of names) {
    if (rows.some((row) => isCalled(row, name))) continue;
    throw usageError(
      `There is no node ${safeText(name)}, neither in the inventory nor in the cluster`,
      {
        hint: `There are: ${rows.map((row) => safeText(row.name)).join(", ") || "none"}.`,
      },
    );
  }
  return rows.filter((row) => names.some((name) => isCalled(row, name)));
}

function isCalled({ name, host }: NodeReport, wanted: string): boolean {
  return name === wanted || host?.name === wanted || name === wanted.toLowerCase();
}

/** How the text is drawn. */
interface StatusDrawing {
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly wide: boolean;
  readonly paint: Paint;
}

/** Tables and sums; what is stale is muted. The nodes are left out where there are none. */
export function statusText(status: Status, { now, wide, paint }: StatusDrawing): string {
  const { connection, nodes, services, workloads, totals, gitops } = status;
  const stale = connection.state !== "live";
  const inks: Paint = stale ? (_, text) => paint("muted", text) : paint;
  const table = nodes.length === 0
    ? ""
    : renderTable(nodeColumns(now), nodes, { wide, paint: inks });
  // Of a cluster that was never heard there is nothing else to say.
  if (stale && totals.nodes.ready === undefined) return table;
  const parts = totalParts(totals, { stale });
  return [
    table,
    ...wide && services !== undefined && services.length > 0
      ? [renderTable(SERVICE_COLUMNS, services, { wide, paint: inks })]
      : [],
    [
      parts.map(({ text, tone }) => paint(tone, text)).join("  "),
      inks("plain", `${serviceSentence(services)} ${workloadSentence(workloads)}`),
      inks(gitops.state === "failed" ? "bad" : "plain", gitopsSentence(gitops, now)),
    ].map((line) => `${line}\n`).join(""),
  ].filter((part) => part !== "").join("\n");
}

/** What is missing, what to look at, and why the cluster is not heard. */
export function statusWords(
  { connection, gaps, usageGap, warnings }: Status,
) {
  const problem = connection.state === "live" ? undefined : connection.problem;
  const before = connection.state === "lost"
    ? `The cluster was heard last at ${
      shownTime(connection.lastHeard)
    }, and what is shown is from then`
    : "The cluster could not be asked";
  return {
    notes: [...gaps, ...usageGap === undefined ? [] : [`${usageGap}.`]],
    warnings: [
      ...warnings,
      ...problem === undefined ? [] : [
        `${before}: ${problem.message}${problem.hint === undefined ? "" : `. ${problem.hint}`}`,
      ],
    ],
  };
}

/** The connection is not cut to fewer cells than this. */
const LEAST_CONNECTION = 20;

/** `homelab  https://100.64.0.1:6443  ● live`: what a text that stays begins with. */
export function statusHead(
  { clusterName, server, connection }: Status,
  { now, paint, cells }: Pick<StatusDrawing, "now" | "paint"> & {
    /** Cells of a line. */
    readonly cells: number;
  },
): string {
  const names = [clusterName, server].flatMap((name) => name === undefined ? [] : safeText(name));
  const taken = names.reduce((sum, name) => sum + cellWidth(name) + 2, 0);
  const room = Math.max(LEAST_CONNECTION, cells - taken);
  const { text, tone } = connectionWords(connection, { now, cells: room, server, keys: false });
  return [...names, paint(tone, text)].join("  ") + "\n";
}

/** What `status -o json` prints, beside `apiVersion` and `kind`. */
export function statusDocument(status: Status) {
  const { connection, metrics, totals } = status;
  return {
    cluster: status.clusterName ?? null,
    server: status.server ?? null,
    reachable: connection.state === "live",
    connection: shaped(STATUS.connection, {
      state: connection.state,
      lastHeard: connection.state === "lost"
        ? new Date(connection.lastHeard).toISOString()
        : undefined,
      problem: connection.state === "live" ? undefined : connection.problem?.message,
    }),
    nodes: status.nodes.map(nodeItem),
    services: status.services?.map(serviceItem) ?? null,
    workloads: status.workloads.map(workloadItem),
    podsRunning: totals.pods?.running ?? null,
    totals: shaped(STATUS.totals, totals),
    gitops: shaped(STATUS.gitops, { ...status.gitops, items: status.gitops.objects }),
    metrics: { known: metrics.known, reason: metrics.known ? "" : metrics.reason },
    gaps: status.gaps,
    warnings: status.warnings,
  };
}
