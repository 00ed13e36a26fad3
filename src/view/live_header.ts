/**
 * The lines above the panes: which cluster, how it stands, what is missing.
 *
 * @module
 */

import type { LiveState } from "../actions/live_state.ts";
import type { Totals, UseTotal } from "../actions/totals.ts";
import { safeText } from "../errors/safe_text.ts";
import { keyWarning } from "../tailscale/key_expiry.ts";
import { bytes, cores, percent } from "./amounts.ts";
import { cellWidth, fit, padding } from "./cells.ts";
import { connectionWords } from "./connection_words.ts";
import { nodeRows, totals } from "./live_rows.ts";
import type { Paint, Tone, Toned } from "./tone.ts";

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
  return [
    clusterLine(state, { totals: all, drawing }),
    drawn(totalParts(all, { stale: state.connection.state !== "live" }), drawing),
    ...first === undefined ? [] : [noticeLine(first, { more: more.length, drawing })],
  ];
}

/** What is missing or soon ends, the most urgent first, each a sentence with its next step. */
export function notices(state: LiveState, now: number): readonly string[] {
  const { connection, inventory, tailnet, cluster, gaps } = state;
  const hint = connection.state === "live" ? undefined : connection.problem?.hint;
  const found: string[] = hint === undefined ? [] : [hint];
  if (inventory?.known === false) {
    found.push(`The inventory could not be read: ${inventory.error.message}`);
  }
  if (tailnet?.known === false) {
    found.push(`The tailnet could not be read: ${tailnet.error.message}`);
  }
  found.push(...gaps.values());
  const asked = connection.state === "live" && cluster.nodes !== undefined;
  if (asked && !cluster.metrics.known && !gaps.has("metrics")) {
    found.push(`Use of CPU and memory is not known: ${cluster.metrics.reason}`);
  }
  for (const { peer } of nodeRows(state, now)) {
    const warning = peer && keyWarning(peer, now);
    if (warning !== undefined) found.push(warning);
  }
  return found.map((each) => safeText(each));
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
    { text: safeText(name ?? ""), tone: "accent" },
    { text: safeText(server?.replace(/^https:\/\//, "") ?? ""), tone: "plain" },
    { text: safeText(versions), tone: "muted" },
  ];
  return parts.filter(({ text }) => text !== "");
}

function totalParts(
  { nodes, pods, cpu, memory }: Totals,
  { stale }: { readonly stale: boolean },
): readonly Part[] {
  const tone = (fresh: Tone) => stale ? "muted" : fresh;
  const missing = nodes.ready !== undefined && nodes.ready < nodes.all;
  const measured = Math.min(...[cpu, memory].flatMap((use) => use?.measured ?? []));
  return [
    {
      text: `Nodes ${nodes.ready ?? "?"}/${nodes.all} ready`,
      short: `Nodes ${nodes.ready ?? "?"}/${nodes.all}`,
      tone: tone(missing ? "warn" : "plain"),
    },
    {
      text: pods === undefined ? "Pods ?" : `Pods ${pods.running}/${pods.all} running`,
      short: pods === undefined ? "Pods ?" : `Pods ${pods.running}/${pods.all}`,
      tone: tone("plain"),
    },
    { text: `CPU ${useWords(cpu, cores)}`, tone: tone("plain") },
    { text: `Mem ${useWords(memory, bytes)}`, tone: tone("plain") },
    // A sum of some is no sum of all.
    ...measured < nodes.joined
      ? [{ text: `(${measured} of ${nodes.joined} nodes)`, tone: "muted" as const }]
      : [],
    { text: "GitOps –", tone: "muted" },
  ];
}

/** `1.2/14 9%`. */
function useWords(
  use: UseTotal | undefined,
  format: (value: number | undefined) => string,
): string {
  if (use === undefined) return "?";
  const { used, allocatable } = use;
  return `${format(used)}/${format(allocatable)} ${percent(used, allocatable)}`;
}

function noticeLine(
  first: string,
  { more, drawing }: { readonly more: number; readonly drawing: HeaderDrawing },
): string {
  const rest = more === 0 ? "" : ` (+${more} more)`;
  const text = fit(`! ${first.replace(/\.$/, "")}`, Math.max(8, drawing.width - rest.length));
  return drawn([{ text: text + rest, tone: "warn" }], drawing);
}

/** A part of a line. */
interface Part extends Toned {
  /** What stands for it where there is little room. */
  readonly short?: string;
}

/** The parts that fit, in their order; the first is cut where not even it does. */
function drawn(parts: readonly Part[], { width, paint }: HeaderDrawing): string {
  const whole = parts.reduce((sum, { text }) => sum + cellWidth(text) + GAP.length, -GAP.length);
  let [line, used] = ["", 0];
  for (const { text: long, short = long, tone } of parts) {
    const text = whole <= width ? long : short;
    const gap = used === 0 ? "" : GAP;
    const shown = used === 0 ? fit(text, width) : text;
    const cells = gap.length + cellWidth(shown);
    if (used + cells > width) break;
    line += gap + paint(tone, shown);
    used += cells;
  }
  return line + padding(used, width);
}
