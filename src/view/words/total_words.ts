/**
 * What nodes and pods come to together, in words.
 *
 * @module
 */

import type { Totals, UseTotal } from "../../reports/totals.ts";
import { bytes, cores, percent } from "./amounts.ts";
import { inTone, type Tone, type Toned } from "./tone.ts";

/** A part of a line. */
export interface Part extends Toned {
  /** What stands for it where there is little room. */
  readonly short?: string;
  /** What stands for it where there is hardly any. */
  readonly least?: string;
  /** The first to be left out where there is too little room. */
  readonly spare?: boolean;
}

/** Nodes, pods, CPU and memory; all muted where they are stale. */
export function totalParts(
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
    inTone(tone("plain"), `CPU ${useWords(cpu, cores)}`),
    inTone(tone("plain"), `Mem ${useWords(memory, bytes)}`),
    // A sum of some is no sum of all.
    ...measured < nodes.joined
      ? [{ text: `(${measured} of ${nodes.joined} nodes)`, tone: "muted" as const, spare: true }]
      : [],
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
