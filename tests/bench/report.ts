/**
 * Results as a Markdown table, ready for docs/benchmarks.md.
 *
 * @module
 */

import type { Comparison, Spread } from "./measure.ts";

/** One line of a report. */
export interface ReportLine {
  readonly what: string;
  readonly comparison: Comparison;
  /** The target, as a sentence fragment: `at most 1.0`. */
  readonly target: string;
}

/** A table of comparisons: median of each, and the ratio with its spread. */
export function reportTable(subject: string, peer: string, lines: readonly ReportLine[]): string {
  const rows = lines.map(({ what, comparison, target }) =>
    `| ${what} | ${ms(comparison.subject)} | ${ms(comparison.peer)} | ${
      ratio(comparison.ratio)
    } | ${target} |`
  );
  return [
    `| What | ${subject} | ${peer} | Ratio (min–max) | Target |`,
    "| --- | --- | --- | --- | --- |",
    ...rows,
    "",
  ].join("\n");
}

function ms({ median }: Spread): string {
  return `${median.toFixed(median < 10 ? 1 : 0)} ms`;
}

function ratio({ min, median, max }: Spread): string {
  const digits = median < 0.1 ? 3 : 2;
  return `**${median.toFixed(digits)}** (${min.toFixed(digits)}–${max.toFixed(digits)})`;
}
