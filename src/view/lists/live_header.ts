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
import { totals } from "./live_rows.ts";
import { notices } from "../words/notices.ts";
import { inTone, type Paint, type Toned } from "../words/tone.ts";
import { type Part, totalParts } from "../words/total_words.ts";

/** Between two parts of a line. */
const GAP = "  ";

/** How the lines are drawn. */
export interface HeaderDrawing {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Cells of a line, at least 1. */
  readonly width: number;
  readonly paint: Paint;
}

/**
 * Two lines, and a third where something is missing or soon ends. Each is painted and takes exactly
 * `width` cells.
 */
export function headerLines(state: LiveState, drawing: HeaderDrawing): readonly string[] {
  const all = totals(state, drawing.now);
  const [first, ...more] = notices(state, drawing.now);
  const stale = state.connection.state !== "live";
  return [
    clusterLine(state, { totals: all, drawing }),
    drawn([
      ...totalParts(all, { stale }),
      gitopsPart(gitopsReport(state), { now: drawing.now, stale }),
    ], drawing),
    ...first === undefined ? [] : [noticeLine(first, { more: more.length, drawing })],
  ];
}

/** Cluster, API server and versions on the left, the connection on the right. */
function clusterLine(
  state: LiveState,
  { totals, drawing: { now, width, paint } }: {
    readonly totals: Totals;
    readonly drawing: HeaderDrawing;
  },
): string {
  const left = clusterParts(state, totals);
  const right = connectionWords(state.connection, { now, cells: width, server: state.server });
  const taken = (parts: readonly Toned[]) =>
    parts.reduce((sum, { text }) => sum + cellWidth(text) + GAP.length, 0);
  const room = width - cellWidth(right.text);
  while (left.length > 0 && taken(left) > room) left.pop();
  const names = left.map(({ text, tone }) => paint(tone, text) + GAP).join("");
  return names + padding(taken(left), room) + paint(right.tone, right.text);
}

function clusterParts({ inventory, server, version }: LiveState, totals: Totals): Toned[] {
  const name = inventory?.known ? inventory.value?.cluster.clusterName : undefined;
  const others = totals.versions.filter((each) => each !== version);
  const versions = [
    ...version === undefined ? [] : [version],
    ...others.length === 0 ? [] : [`some nodes ${others.join(", ")}`],
  ].join(", ");
  const parts: Toned[] = [
    inTone("accent", safeText(name ?? "")),
    { text: safeText(server?.replace(/^https:\/\//, "") ?? ""), tone: "plain" },
    inTone("muted", safeText(versions)),
  ];
  return parts.filter(({ text }) => text !== "");
}

function noticeLine(
  first: string,
  { more, drawing }: { readonly more: number; readonly drawing: HeaderDrawing },
): string {
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
