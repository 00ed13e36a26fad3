/**
 * Results as a Markdown table, ready for docs/benchmarks.md.
 *
 * @module
 */

import type { Comparison, Comparisons, Spread } from "./measure.ts";

/** One line of a report. */
export interface ReportLine {
  readonly what: string;
  readonly comparisons: Comparisons;
  /** The target, as a sentence fragment: `at most 1.0`. */
  readonly target: string;
}

/** Two rows a line, wall and processor time: median of each, and the ratio with its spread. */
export function reportTable(subject: string, peer: string, lines: readonly ReportLine[]): string {
  const row = (what: string, { subject, peer, ratio: of }: Comparison, target: string) =>
    `| ${what} | ${ms(subject)} | ${ms(peer)} | ${ratio(of)} | ${target} |`;
  return [
    `| What | ${subject} | ${peer} | Ratio (min–max) | Target |`,
    "| --- | --- | --- | --- | --- |",
    ...lines.flatMap(({ what, comparisons: { wall, cpu }, target }) => [
      row(`${what}, wall`, wall, target),
      row(`${what}, processor`, cpu, target),
    ]),
    "",
  ].join("\n");
}

function ms({ median }: Spread): string {
  return `${median.toFixed(median < 10 ? 1 : 0)} ms`;
}

function ratio({ min, median, max }: Spread): string {
  const digits = median < 0.2 ? 3 : 2;
  return `**${median.toFixed(digits)}** (${min.toFixed(digits)}–${max.toFixed(digits)})`;
}
