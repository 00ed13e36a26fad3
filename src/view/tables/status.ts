/**
 * How a cluster stands, as `status` shows it: the rows and sums of the live screen, as text and as
 * a document.
 *
 * @module
 */

import { renderProblem } from "../../errors/render_error.ts";
import { safeText } from "../../errors/safe_text.ts";
import { usageError } from "../../errors/user_error.ts";
import { backupReport } from "../../reports/backup_report.ts";
import type { NodeReport } from "../../reports/node_report.ts";
import { gitopsReport, gitopsSentence } from "../lists/live_gitops.ts";
import {
  type LiveView,
  nodeRows,
  serviceRows,
  totals,
  workloadReportRows,
} from "../lists/live_rows.ts";
import { clusterNameOf, gapsOf, usageGap, warningsOf } from "../words/notices.ts";
import { shownTime } from "../../process/system.ts";
import { duration, since } from "../words/amounts.ts";
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

/** How things stand, and the nodes that are shown. */
export interface Status extends LiveView {
  readonly nodes: readonly NodeReport[];
  /** A node that was asked for and is not known; the cluster, which may have it, cannot be read. */
  readonly missing?: string | undefined;
}

/**
 * The status in a view.
 *
 * @param names nodes that are shown, by the names of the inventory or of the cluster; none: all
 * @throws {UserError} exit code 2 where there is no node of a name, once the nodes are known
 */
export function statusOf(view: LiveView, names: readonly string[] = []): Status {
  const rows = nodeRows(view);
  const missing = names.find((name) => !rows.some((row) => isCalled(row, name)));
  const { connection, cluster } = view.live;
  if (missing !== undefined && (connection.state === "live" || cluster.nodes !== undefined)) {
    const known = rows.map((row) => safeText(row.name)).join(", ") || "none";
    const where = "neither in the inventory nor in the cluster";
    throw usageError(`There is no node ${safeText(missing)}, ${where}`, {
      hint: `There are: ${known}.`,
    });
  }
  const isShown = (row: NodeReport) => names.some((name) => isCalled(row, name));
  return { ...view, nodes: names.length === 0 ? rows : rows.filter(isShown), missing };
}

function isCalled({ name, host }: NodeReport, wanted: string): boolean {
  return name === wanted || host?.name === wanted || name === wanted.toLowerCase();
}

/** Tables and sums; what is stale is muted. The nodes are left out where there are none. */
export function statusText(
  status: Status,
  { wide, paint }: { readonly wide: boolean; readonly paint: Paint },
): string {
  const { live, now, nodes } = status;
  const stale = live.connection.state !== "live";
  const inks: Paint = stale ? (_, text) => paint("muted", text) : paint;
  const table = nodes.length === 0
    ? ""
    : renderTable(nodeColumns(now), nodes, { wide, paint: inks });
  const sums = totals(status);
  // Of a cluster that was never heard there is nothing else to say.
  if (stale && sums.nodes.ready === undefined) return table;
  const services = serviceRows(status);
  const gitops = gitopsReport(status);
  const sentences = [serviceSentence(services), workloadSentence(workloadReportRows(status))];
  return [
    table,
    wide && services !== undefined && services.length > 0
      ? renderTable(SERVICE_COLUMNS, services, { wide, paint: inks })
      : "",
    [
      totalParts(sums, { stale }).map(({ text, tone }) => paint(tone, text)).join("  "),
      inks("plain", sentences.join(" ")),
      inks(gitops.state === "failed" ? "bad" : "plain", gitopsSentence(gitops, now)),
      ...backupSentence(status, wide).map((words) => inks("plain", words)),
    ].map((line) => `${line}\n`).join(""),
  ].filter((part) => part !== "").join("\n");
}

/** The age of the newest backup; that there is none is not always worth a line. */
function backupSentence({ live, now }: Status, wide: boolean): readonly string[] {
  const { newest, schedule } = backupReport(live.cluster.nodes);
  const every = schedule === undefined ? "" : `, one every ${duration(schedule.every * 1000)}`;
  if (newest !== undefined) return [`Newest backup ${since(newest.time, now)} old${every}.`];
  return wide || every !== "" ? [`No backup yet${every}.`] : [];
}

/** What is missing, what to look at, and why the cluster is not heard. */
export function statusWords(status: Status) {
  const { live } = status;
  const { connection } = live;
  const problem = connection.state === "live" ? undefined : connection.problem;
  const before = connection.state === "lost"
    ? `The cluster last responded at ${
      shownTime(connection.lastHeard)
    }; the values shown are from that time`
    : "The cluster cannot be read";
  const gap = usageGap(live);
  return {
    notes: [...gapsOf(live), ...gap === undefined ? [] : [`${gap}.`]],
    warnings: [
      ...warningsOf(status),
      ...problem === undefined ? [] : [
        `${before}: ${renderProblem(problem)}${
          problem.hint === undefined ? "" : `. ${problem.hint}`
        }`,
      ],
    ],
  };
}

/** The connection is not cut to fewer cells than this. */
const LEAST_CONNECTION = 20;

/** `homelab  https://100.64.0.1:6443  ● live`: what a text that stays begins with. */
export function statusHead(
  { live, now }: Status,
  { paint, cells }: { readonly paint: Paint; readonly cells: number },
): string {
  const { connection, server } = live;
  const names = [clusterNameOf(live), server].flatMap((name) =>
    name === undefined ? [] : safeText(name)
  );
  const taken = names.reduce((sum, name) => sum + cellWidth(name) + 2, 0);
  const room = Math.max(LEAST_CONNECTION, cells - taken);
  const { text, tone } = connectionWords(connection, { now, cells: room, server, keys: false });
  return [...names, paint(tone, text)].join("  ") + "\n";
}

/** What `status -o json` prints, beside `apiVersion` and `kind`. */
export function statusDocument(status: Status) {
  const { live } = status;
  const { connection, server, cluster } = live;
  const isLive = connection.state === "live";
  const lost = connection.state === "lost" ? new Date(connection.lastHeard) : undefined;
  const metrics = isLive || cluster.nodes !== undefined
    ? cluster.metrics
    : { known: false, reason: "the cluster cannot be read" } as const;
  const sums = totals(status);
  const gitops = gitopsReport(status);
  return {
    cluster: clusterNameOf(live) ?? null,
    server: server ?? null,
    reachable: isLive,
    connection: shaped(STATUS.connection, {
      state: connection.state,
      lastHeard: lost?.toISOString(),
      problem: isLive ? undefined : connection.problem?.message,
    }),
    nodes: status.nodes.map(nodeItem),
    services: serviceRows(status)?.map(serviceItem) ?? null,
    workloads: workloadReportRows(status).map(workloadItem),
    podsRunning: sums.pods?.running ?? null,
    totals: shaped(STATUS.totals, sums),
    gitops: shaped(STATUS.gitops, { ...gitops, items: gitops.objects }),
    backup: shaped(STATUS.backup, backupReport(cluster.nodes)),
    metrics: { known: metrics.known, reason: metrics.known ? "" : metrics.reason },
    gaps: gapsOf(live),
    warnings: warningsOf(status),
  };
}
