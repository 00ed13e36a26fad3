import assert from "node:assert/strict";
import stringWidth from "fast-string-width";
import fc from "fast-check";
import {
  arrange,
  layoutList,
  type ListColumn,
  type ListSpec,
} from "../../../src/view/lists/list.ts";
import { noPaint, type Tone } from "../../../src/view/words/tone.ts";

interface Row {
  readonly name: string;
  readonly pods: number | undefined;
  readonly note: string;
}

const COLUMNS: readonly ListColumn<Row>[] = [
  { header: "NAME", priority: 0, cell: ({ name }) => name, sort: ({ name }) => name },
  {
    header: "PODS",
    priority: 2,
    align: "right",
    cell: ({ pods }) => String(pods ?? "-"),
    sort: ({ pods }) => pods,
  },
  { header: "AGE", priority: 5, cell: () => "3d" },
  { header: "NOTE", priority: 1, grow: true, least: 6, cell: ({ note }) => note },
];

const SPEC: ListSpec<Row> = {
  columns: () => COLUMNS,
  key: ({ name }) => name,
  filterText: ({ name, note }) => `${name} ${note}`,
};

const ROWS: readonly Row[] = [
  { name: "nuc", pods: 7, note: "" },
  { name: "raspberry", pods: 110, note: "its Tailscale is offline" },
];

function layout(width: number, rows = ROWS, more = {}) {
  return layoutList(COLUMNS, rows, { width, paint: noPaint, ...more });
}

Deno.test("columns are aligned, and lines are filled", () => {
  const { header, lines } = layout(50);
  assert.deepEqual([header, ...lines], [
    "NAME      PODS AGE NOTE                           ",
    "nuc          7 3d                                 ",
    "raspberry  110 3d  its Tailscale is offline       ",
  ]);
  assert.equal(layout(100).header.trimEnd(), "NAME       PODS  AGE  NOTE");
});

Deno.test("where there is little room a growing column is cut, then columns go by priority", () => {
  const first = (width: number) => layout(width).lines[1];
  assert.equal(first(36), "raspberry  110 3d  its Tailscale is…");
  assert.equal(first(25), "raspberry  110 3d  its T…");
  // AGE has priority 5, PODS 2, NOTE 1, NAME 0.
  assert.equal(first(24), "raspberry  110 its Tail…");
  assert.equal(first(20), "raspberry its Tails…");
  assert.equal(first(15), "raspberry      ");
  assert.equal(first(5), "rasp…");
  assert.equal(first(1), "…");
});

Deno.test("a luxury goes before others get uncomfortable", () => {
  const columns = COLUMNS.map((column) =>
    column.header === "NOTE" ? { ...column, comfortable: 24 } : column
  );
  const line = (width: number) => layoutList(columns, ROWS, { width, paint: noPaint }).lines[1];
  assert.equal(line(43), "raspberry  110 3d  its Tailscale is offline");
  assert.equal(line(42), "raspberry  110 its Tailscale is offline   ");
  // What is no luxury stays until there is no other way.
  assert.equal(line(30), "raspberry  110 its Tailscale …");
});

Deno.test("the column that is sorted by says which way", () => {
  const header = (descending: boolean) =>
    layout(60, ROWS, { sorted: { header: "PODS", descending } }).header.trimEnd();
  assert.equal(header(false), "NAME      PODS▲ AGE NOTE");
  assert.equal(header(true), "NAME      PODS▼ AGE NOTE");
});

Deno.test("each cell is painted by its tone, cut first", () => {
  const paint = (tone: Tone, text: string) => tone === "bad" ? `<${text}>` : text;
  const columns: readonly ListColumn<Row>[] = [
    { header: "N", priority: 0, cell: ({ name }) => ({ text: name, tone: "bad" }) },
    { header: "X", priority: 0, cell: () => "x" },
  ];
  assert.deepEqual(layoutList(columns, ROWS, { width: 8, paint }).lines, [
    "<nuc>    x",
    "<raspb…> x",
  ]);
});

Deno.test("a luxury has less comfort before it goes", () => {
  const columns = COLUMNS.map((column) =>
    column.header === "NOTE" ? { ...column, priority: 6, comfortable: 24 } : column
  );
  const line = (width: number) => layoutList(columns, ROWS, { width, paint: noPaint }).lines[1];
  assert.equal(line(43), "raspberry  110 3d  its Tailscale is offline");
  assert.equal(line(42), "raspberry  110 3d  its Tailscale is offli…");
  assert.equal(line(25), "raspberry  110 3d  its T…");
  assert.equal(line(24), "raspberry  110 3d       ");
});

Deno.test("what nothing else needs goes to the columns that can fill it", () => {
  const bar = (cells: number) => "#".repeat(cells);
  const columns: readonly ListColumn<Row>[] = [
    COLUMNS[0]!,
    {
      header: "CPU",
      priority: 1,
      cell: () => bar(4),
      stretch: { most: 9, cell: (_row, cells) => bar(cells) },
    },
    { header: "NOTE", priority: 5, cell: () => "as it should be" },
  ];
  const lines = (width: number) => layoutList(columns, ROWS, { width, paint: noPaint });
  const name = ROWS[1]!.name;
  // What a column asks for comes first, then the stretch, then nothing.
  const needed = name.length + 1 + 4 + 1 + 15;
  assert.equal(lines(needed).lines[1], `${name} #### as it should be`);
  assert.equal(lines(needed + 2).lines[1], `${name} ###### as it should be`);
  assert.equal(lines(needed + 9).lines[1], `${name} ${bar(9)} as it should be    `);
  assert.equal(lines(needed - 1).lines[1], `${name} ${bar(9)}`.padEnd(needed - 1));
});

Deno.test("columns stay where they are while rows come and go", () => {
  const before = layout(60);
  const after = layoutList(COLUMNS, ROWS.slice(0, 1), {
    width: 60,
    paint: noPaint,
    previous: before.widths,
  });
  assert.equal(after.header, before.header);
  assert.equal(after.lines[0], before.lines[0]);
});

Deno.test("a column that was left out does not come back while rows are scrolled", () => {
  const wide = layout(24);
  assert.doesNotMatch(wide.header, /AGE/);
  const short = [{ name: "a", pods: 1, note: "" }];
  assert.match(layout(24, short).header, /AGE/);
  assert.doesNotMatch(layout(24, short, { previous: wide.widths }).header, /AGE/);
});

const anyText = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 40 }),
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.constantFrom(
    "\u001b[2J",
    "日本語ノード",
    "👩‍👩‍👧‍👦",
    "é".normalize("NFD"),
    "a\nb\tc\r",
    "\u202eabc",
    "❤️",
  ),
);
const anyRow = fc.record({
  name: anyText,
  pods: fc.option(fc.nat(), { nil: undefined }),
  note: anyText,
});
const anyWidth = fc.integer({ min: 1, max: 220 });

Deno.test("every line is exactly as wide as asked, whatever the texts are", () => {
  fc.assert(
    fc.property(
      fc.array(anyRow, { maxLength: 8 }),
      anyWidth,
      fc.option(fc.array(fc.nat({ max: 60 }), { minLength: 4, maxLength: 4 }), { nil: undefined }),
      (rows, width, previous) => {
        const { header, lines } = layout(width, rows, previous === undefined ? {} : { previous });
        assert.equal(lines.length, rows.length);
        for (const line of [header, ...lines]) {
          assert.equal(stringWidth(line), width, JSON.stringify(line));
          // deno-lint-ignore no-control-regex
          assert.doesNotMatch(line, /[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/);
        }
      },
    ),
    { numRuns: 500 },
  );
});

Deno.test("widths never shrink", () => {
  fc.assert(
    fc.property(fc.array(fc.array(anyRow, { maxLength: 4 }), { maxLength: 5 }), (screens) => {
      let previous: readonly number[] = [];
      for (const rows of screens) {
        const { widths } = layout(80, rows, { previous });
        for (const [index, width] of widths.entries()) assert.ok(width >= (previous[index] ?? 0));
        previous = widths;
      }
    }),
    { numRuns: 200 },
  );
});

const NODES: readonly Row[] = [
  { name: "pi10", pods: 3, note: "attic" },
  { name: "pi2", pods: undefined, note: "Cellar" },
  { name: "nuc", pods: 7, note: "" },
  { name: "dgx", pods: 3, note: "cellar rack" },
];

function names(filter: string, sort?: { header: string; descending: boolean }) {
  const options = { filter, now: 0, ...sort === undefined ? {} : { sort } };
  return arrange(SPEC, NODES, options).map(({ name }) => name).join(" ");
}

Deno.test("a filter wants all of its words, in any order and case", () => {
  assert.equal(names(""), "pi10 pi2 nuc dgx");
  assert.equal(names("  CELLAR "), "pi2 dgx");
  assert.equal(names("cellar pi"), "pi2");
  assert.equal(names("rack dgx"), "dgx");
  assert.equal(names("no such"), "");
});

Deno.test("rows are sorted by value; equal ones keep their order and unknown ones come last", () => {
  const by = (header: string, descending = false) => names("", { header, descending });
  assert.equal(by("PODS"), "pi10 dgx nuc pi2");
  assert.equal(by("PODS", true), "nuc pi10 dgx pi2");
  // Numbers in names count as numbers.
  assert.equal(by("NAME"), "dgx nuc pi2 pi10");
  // A column without an order leaves the rows as they are.
  assert.equal(by("NOTE"), "pi10 pi2 nuc dgx");
  assert.equal(by("NO SUCH"), "pi10 pi2 nuc dgx");
});

Deno.test("sorting and filtering neither lose nor invent rows", () => {
  fc.assert(
    fc.property(fc.array(anyRow), anyText, fc.boolean(), (rows, filter, descending) => {
      const all = arrange(SPEC, rows, { filter: "", sort: { header: "PODS", descending }, now: 0 });
      assert.deepEqual(new Set(all), new Set(rows));
      assert.equal(all.length, rows.length);
      const known = all.flatMap(({ pods }) => pods ?? []);
      assert.deepEqual(known, known.toSorted((a, b) => descending ? b - a : a - b));
      assert.ok(all.slice(0, known.length).every(({ pods }) => pods !== undefined));
      const found = arrange(SPEC, rows, { filter, now: 0 });
      assert.deepEqual(found, rows.filter((row) => found.includes(row)));
    }),
    { numRuns: 200 },
  );
});
