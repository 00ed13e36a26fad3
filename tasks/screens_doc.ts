/**
 * The screens of docs/tui.md: how each comes about, and where it stands in the page.
 *
 * @module
 */

/** A screen of the page. */
export interface Screen {
  /** As its markers name it. */
  readonly name: string;
  readonly columns: number;
  readonly rows: number;
  /** What is typed and pressed, and what to wait for after each. */
  readonly steps: readonly {
    readonly text?: string;
    /** By tmux's names. */
    readonly keys?: readonly string[];
    readonly until: string | RegExp;
  }[];
}

const SMALL = { columns: 80, rows: 24 };
const MIDDLE = { columns: 120, rows: 32 };

/** All of them, in the order of the page. */
export const SCREENS: readonly Screen[] = [
  { name: "lists", ...SMALL, steps: [{ until: "CrashLoopBackOff" }] },
  { name: "large", columns: 200, rows: 60, steps: [{ until: "CrashLoopBackOff" }] },
  {
    name: "unreachable",
    ...SMALL,
    steps: [{ until: /pi4 +Unreachable/ }],
  },
  {
    name: "filter",
    ...SMALL,
    steps: [
      { keys: ["2"], until: "━ 2 Workloads" },
      { text: "/grafana", until: /Workloads 2 of/ },
    ],
  },
  {
    name: "node",
    ...MIDDLE,
    steps: [
      { keys: ["j"], until: /› desktop/ },
      { keys: ["Enter"], until: /Node desktop[^]*Conditions/ },
    ],
  },
  {
    name: "log",
    ...SMALL,
    steps: [
      { keys: ["2"], until: "━ 2 Workloads" },
      { text: "l", until: /Log [^]*following/i },
    ],
  },
  {
    name: "palette",
    ...SMALL,
    steps: [{ text: "p", until: /drain/i }],
  },
  {
    name: "question",
    ...SMALL,
    steps: [
      { text: "p", until: /drain/i },
      { text: "drain", keys: ["Enter"], until: /evict/i },
    ],
  },
];

/** The page with one screen in its place, between `<!-- screen: NAME -->` and `<!-- end -->`. */
export function placeScreen(page: string, name: string, taken: string): string {
  const begin = `<!-- screen: ${name} -->\n`;
  const from = page.indexOf(begin);
  const to = page.indexOf("<!-- end -->", from);
  if (from < 0 || to < 0) throw new Error(`the page has no place for the screen ${name}`);
  const block = "```text\n" + taken.trimEnd() + "\n```\n";
  return page.slice(0, from + begin.length) + block + page.slice(to);
}
