/**
 * The screens of docs/tui.md: the keys that lead to each. `deno task screens` writes them.
 *
 * @module
 */

/** A screen of the page. */
export interface Screen {
  readonly name: string;
  readonly columns: number;
  readonly rows: number;
  /** How long the demo has been looked at, in seconds. */
  readonly second: number;
  /** What is typed, and what to wait for after each. */
  readonly steps: readonly {
    readonly text?: string;
    /** Whether Enter is pressed then. */
    readonly enter?: boolean;
    readonly until: string | RegExp;
  }[];
}

const SMALL = { columns: 80, rows: 24 };

/** All of them, in the order of the page. */
export const SCREENS: readonly Screen[] = [
  { name: "lists", ...SMALL, second: 20, steps: [{ until: "CrashLoopBackOff" }] },
  {
    name: "large",
    columns: 160,
    rows: 40,
    second: 20,
    steps: [{ until: "CrashLoopBackOff" }],
  },
  {
    name: "filter",
    ...SMALL,
    second: 20,
    steps: [
      { text: "2", until: "━ 2 Workloads" },
      { text: "/photos", until: /Workloads \d of/ },
    ],
  },
  {
    name: "node",
    columns: 100,
    rows: 40,
    second: 20,
    steps: [
      { text: "j", until: "› desktop" },
      { enter: true, until: /Node desktop[^]*Conditions/ },
    ],
  },
  {
    name: "log",
    ...SMALL,
    second: 20,
    steps: [
      { text: "2", until: "━ 2 Workloads" },
      { text: "l", until: /Log of[^]*\n[^]*\w/ },
    ],
  },
  {
    name: "gitops",
    ...SMALL,
    second: 20,
    steps: [
      { text: "p", until: "drain" },
      { text: "gitops", enter: true, until: /GitOps: sources[^]*Ready/ },
    ],
  },
  { name: "palette", ...SMALL, second: 20, steps: [{ text: "p", until: "drain" }] },
  {
    name: "question",
    ...SMALL,
    second: 20,
    steps: [
      { text: "jp", until: "drain" },
      { text: "drain", enter: true, until: "Drain desktop?" },
    ],
  },
  {
    name: "unreachable",
    ...SMALL,
    second: 112,
    steps: [{ until: /pi4 .*Unreachable/ }],
  },
  {
    name: "run",
    ...SMALL,
    second: 20,
    steps: [
      { text: "p", until: "provision" },
      { text: "provision", enter: true, until: "Provision 5 hosts?" },
      { text: "y", until: "✓ Done" },
    ],
  },
];

/** Name of the part of the page that holds a screen. */
export function screenPart({ name }: Screen): string {
  return `screen: ${name}`;
}

/** A screen as the page holds it. */
export function screenText(frame: string): string {
  return "```text\n" + frame + "\n```";
}
