/**
 * Figures of live screens as a Markdown table, ready for docs/benchmarks.md.
 *
 * @module
 */

import { spread } from "./measure.ts";
import type { Measured, RunOptions } from "./tui_run.ts";

/** One line: how a figure is taken, shown, and what it is to be. */
interface Line {
  readonly what: string;
  readonly of: (measured: Measured) => number;
  readonly show: (figure: number) => string;
  /** The target, as a sentence fragment. */
  readonly target?: string;
}

/** The first is the subject; a second, if there is one, what it is compared with. */
export function screenTable(measured: readonly Measured[], options: RunOptions): string {
  const [subject, peer] = measured;
  if (subject === undefined) return "";
  const names = peer === undefined ? [subject.name] : [subject.name, peer.name, "Ratio"];
  const rows = lines(options).map(({ what, of, show, target = "" }) => {
    const figures = measured.map((each) => show(of(each)));
    const ratio = peer === undefined ? [] : [`**${(of(subject) / of(peer)).toFixed(2)}**`];
    return `| ${[what, ...figures, ...ratio, target].join(" | ")} |`;
  });
  const made = measured.map(({ name, run }) => `${run.changes.toFixed(0)} (${name})`).join(", ");
  return [
    `| What | ${names.join(" | ")} | Target |`,
    `| --- |${" --- |".repeat(names.length)} --- |`,
    ...rows,
    "",
    `Changes made a second while it was busy: ${made}.`,
    "",
  ].join("\n");
}

function lines({ changesPerSecond, marks, seconds }: RunOptions): Line[] {
  const busy = `${changesPerSecond} changes a second`;
  const half = "at most half";
  const toScreen = `change to screen, ${marks} of them among ${busy}`;
  return [
    {
      what: "first full frame, median",
      of: (each) => spread(each.firstFrames).median,
      show: milliseconds,
      target: half,
    },
    {
      what: "first full frame, slowest",
      of: (each) => spread(each.firstFrames).max,
      show: milliseconds,
    },
    {
      what: `processor, idle, over ${seconds} s`,
      of: (each) => each.run.idle.cpu,
      show: share,
      target: half,
    },
    { what: `processor, ${busy}, over ${seconds} s`, of: (each) => each.run.busy.cpu, show: share },
    { what: "memory, idle", of: (each) => each.run.memory, show: mebibytes, target: half },
    { what: "memory, at most", of: (each) => each.run.peak, show: mebibytes },
    { what: `${toScreen}, median`, of: (each) => quantile(each, 0.5), show: milliseconds },
    {
      what: "… 95 of 100",
      of: (each) => quantile(each, 0.95),
      show: milliseconds,
      target: "within 250 ms",
    },
    { what: "… slowest", of: (each) => quantile(each, 1), show: milliseconds },
    { what: "written to the terminal, idle", of: (each) => each.run.idle.written, show: rate },
    { what: `written, ${busy}`, of: (each) => each.run.busy.written, show: rate },
  ];
}

/** The smallest time that this share of the changes did not exceed. */
function quantile({ run: { toScreen } }: Measured, share: number): number {
  const sorted = [...toScreen].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

function milliseconds(figure: number): string {
  return figure < 10_000 ? `${figure.toFixed(0)} ms` : `${(figure / 1000).toFixed(1)} s`;
}

function share(figure: number): string {
  return `${(figure * 100).toFixed(1)} %`;
}

function mebibytes(figure: number): string {
  return `${(figure / 1024 ** 2).toFixed(0)} MiB`;
}

function rate(figure: number): string {
  return figure < 1024 ? `${figure.toFixed(0)} B/s` : `${(figure / 1024).toFixed(1)} KiB/s`;
}
