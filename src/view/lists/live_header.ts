/**
 * The lines above the panes: which cluster, how it stands, what is missing.
 *
 * @module
 */

import type { LiveState } from "../../live/live_state.ts";
import type { Totals } from "../../reports/totals.ts";
import { safeText } from "../../errors/safe_text.ts";
import { cellWidth, fit, padding } from "../words/cells.ts";
import { connectionWords } from "../words/connection_words.ts";
import { gitopsPart, gitopsReport } from "./live_gitops.ts";
import { type LiveView, totals } from "./live_rows.ts";
import { clusterNameOf, notices } from "../words/notices.ts";
import { inTone, type Paint, type Toned } from "../words/tone.ts";
import { type Part, totalParts } from "../words/total_words.ts";

/** Between two parts of a line. */
const GAP = "  ";

/** How the lines are drawn. */
export interface HeaderDrawing {
  /** Cells of a line, at least 1. */
  readonly width: number;
  readonly paint: Paint;
}

/**
 * Two lines, and a third where something is missing or soon ends. Each is painted and takes exactly
 * `width` cells.
 */
export function headerLines(view: LiveView, drawing: HeaderDrawing): readonly string[] {
  const all = totals(view);
  const [first, ...more] = notices(view);
  const stale = view.live.connection.state !== "live";
  const gitops = gitopsPart(gitopsReport(view), { now: view.now, stale });
  return [
    clusterLine(view, all, drawing),
    drawn([...totalParts(all, { stale }), gitops], drawing),
    ...first === undefined ? [] : [noticeLine(first, more.length, drawing)],
  ];
}

/** Cluster, API server and versions on the left, the connection on the right. */
function clusterLine(
  { live, now }: LiveView,
  totals: Totals,
  { width, paint }: HeaderDrawing,
): string {
  const left = clusterParts(live, totals);
  const right = connectionWords(live.connection, { now, cells: width, server: live.server });
  const taken = (parts: readonly Toned[]) =>
    parts.reduce((sum, { text }) => sum + cellWidth(text) + GAP.length, 0);
  const room = width - cellWidth(right.text);
  while (left.length > 0 && taken(left) > room) left.pop();
  const names = left.map(({ text, tone }) => paint(tone, text) + GAP).join("");
  return names + padding(taken(left), room) + paint(right.tone, right.text);
}

function clusterParts(live: LiveState, totals: Totals): Toned[] {
  const { server, version } = live;
  const others = totals.versions.filter((each) => each !== version);
  const some = others.length === 0 ? undefined : `some nodes ${others.join(", ")}`;
  const versions = [version, some].filter((each) => each !== undefined).join(", ");
  return [
    inTone("accent", safeText(clusterNameOf(live) ?? "")),
    inTone("plain", safeText(server?.replace(/^https:\/\//, "") ?? "")),
    inTone("muted", safeText(versions)),
  ].filter(({ text }) => text !== "");
}

function noticeLine(first: string, more: number, drawing: HeaderDrawing): string {
  const rest = more === 0 ? "" : ` (+${more} more)`;
  const text = fit(`! ${first.replace(/\.$/, "")}`, Math.max(8, drawing.width - rest.length));
  return drawn([inTone("warn", text + rest)], drawing);
}

/** The parts that fit, in their order; the first is cut where not even it does. */
function drawn(parts: readonly Part[], { width, paint }: HeaderDrawing): string {
  let [line, used] = ["", 0];
  for (const { text, tone } of fitting(parts, width)) {
    const gap = used === 0 ? "" : GAP;
    const shown = used === 0 ? fit(text, width) : text;
    const cells = gap.length + cellWidth(shown);
    if (used + cells > width) break;
    line += gap + paint(tone, shown);
    used += cells;
  }
  return line + padding(used, width);
}

/** With little room the parts are short; with less, spare ones are left out; then they are shorter. */
function fitting(parts: readonly Part[], width: number): readonly Toned[] {
  const cells = (some: readonly Toned[]) =>
    some.reduce((sum, { text }) => sum + cellWidth(text) + GAP.length, -GAP.length);
  if (cells(parts) <= width) return parts;
  let left = parts.map((part) => ({ ...part, text: part.short ?? part.text }));
  while (cells(left) > width) {
    const spare = left.findLastIndex((part) => part.spare === true);
    if (spare < 0) break;
    left = left.toSpliced(spare, 1);
  }
  if (cells(left) <= width) return left;
  return left.map((part) => ({ ...part, text: part.least ?? part.text }));
}
