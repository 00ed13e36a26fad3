/**
 * Figures of live screens as a Markdown table, ready for docs/benchmarks.md.
 *
 * @module
 */

import { spread } from "./measure.ts";
import type { FirstFrame, Measured, RunOptions, Shown } from "./tui_run.ts";

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
  const starts = START_LINES.map(({ what, of, show, target = "" }) => {
    const figures = measured.map(({ firstFrames }) => show(spread(firstFrames.map(of)).median));
    const ratio = peer === undefined ? [] : [ratios(subject, peer, of)];
    return `| ${[what, ...figures, ...ratio, target].join(" | ")} |`;
  });
  const rows = lines(options).map(({ what, of, show, target = "" }) => {
    const figures = measured.map((each) => show(of(each)));
    const ratio = peer === undefined ? [] : [`**${(of(subject) / of(peer)).toFixed(2)}**`];
    return `| ${[what, ...figures, ...ratio, target].join(" | ")} |`;
  });
  const made = measured.map(({ name, run }) => `${run.changes.toFixed(0)} (${name})`).join(", ");
  return [
    `| What | ${names.join(" | ")} | Target |`,
    `| --- |${" --- |".repeat(names.length)} --- |`,
    ...starts,
    ...rows,
    "",
    `Changes made per second during the busy phase: ${made}.`,
    "",
  ].join("\n");
}

/** Lines about starts, each a median; their ratio is that of the pairs of a round. */
const START_LINES = [
  {
    what: "first full frame",
    of: ({ wall }: FirstFrame) => wall,
    show: milliseconds,
    target: "at most half",
  },
  {
    what: "processor until then",
    of: ({ cpu }: FirstFrame) => cpu,
    show: milliseconds,
    target: undefined,
  },
];

/** The median of the rounds' ratios, with the smallest and the largest. */
function ratios(subject: Measured, peer: Measured, of: (start: FirstFrame) => number): string {
  const pairs = subject.firstFrames.flatMap((mine, round) => {
    const theirs = peer.firstFrames[round];
    return theirs === undefined ? [] : [of(mine) / of(theirs)];
  });
  const { min, median, max } = spread(pairs);
  return `**${median.toFixed(2)}** (${min.toFixed(2)}–${max.toFixed(2)})`;
}

function lines({ changesPerSecond, marks, seconds }: RunOptions): Line[] {
  const busy = `${changesPerSecond} changes a second`;
  const half = "at most half";
  const toScreen = `change to screen, ${marks} of them among ${busy}`;
  return [
    {
      what: `processor, idle, over ${seconds} s`,
      of: (each) => each.run.idle.cpu,
      show: share,
      target: half,
    },
    { what: `processor, ${busy}, over ${seconds} s`, of: (each) => each.run.busy.cpu, show: share },
    { what: "memory, idle", of: (each) => each.run.memory, show: mebibytes, target: half },
    { what: "memory, at most", of: (each) => each.run.peak, show: mebibytes },
    { what: `${toScreen}, from when it was sent, median`, of: median("sent"), show: milliseconds },
    {
      what: "… from when the API server answered, median",
      of: median("answered"),
      show: milliseconds,
      target: "within 250 ms",
    },
    { what: "… 95 of 100", of: (each) => quantile(each, "answered", 0.95), show: milliseconds },
    { what: "… slowest", of: (each) => quantile(each, "answered", 1), show: milliseconds },
    { what: "written to the terminal, idle", of: (each) => each.run.idle.written, show: rate },
    { what: `written, ${busy}`, of: (each) => each.run.busy.written, show: rate },
  ];
}

function median(since: keyof Shown): (measured: Measured) => number {
  return (measured) => quantile(measured, since, 0.5);
}

/** The smallest time that this share of the changes did not exceed. */
function quantile({ run: { toScreen } }: Measured, since: keyof Shown, share: number): number {
  const sorted = toScreen.map((each) => each[since]).sort((a, b) => a - b);
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
