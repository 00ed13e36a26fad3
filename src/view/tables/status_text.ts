/**
 * How a cluster stands, as text.
 *
 * @module
 */

import { safeText } from "../../errors/safe_text.ts";
import { shownTime } from "../../process/system.ts";
import { cellWidth } from "../words/cells.ts";
import { connectionWords } from "../words/connection_words.ts";
import { gitopsSentence } from "../lists/live_gitops.ts";
import { nodeColumns } from "./nodes.ts";
import { SERVICE_COLUMNS, serviceSentence, workloadSentence } from "./services.ts";
import type { Status } from "./status.ts";
import { renderTable } from "./table.ts";
import type { Paint } from "../words/tone.ts";
import { totalParts } from "../words/total_words.ts";

/** How the text is drawn. */
export interface StatusDrawing {
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
