import assert from "node:assert/strict";
import { type Column, renderTable } from "../../../src/view/tables/table.ts";

interface Row {
  readonly name: string;
  readonly pods: number;
}

const COLUMNS: readonly Column<Row>[] = [
  { header: "NAME", cell: ({ name }) => name },
  { header: "PODS", align: "right", cell: ({ pods }) => String(pods) },
  { header: "NOTE", wide: true, cell: () => ({ text: "fine", tone: "good" }) },
];

Deno.test("columns are aligned and lines have no trailing space", () => {
  const rows = [{ name: "nuc", pods: 7 }, { name: "raspberry", pods: 110 }];
  assert.equal(
    renderTable(COLUMNS, rows),
    "NAME       PODS\nnuc           7\nraspberry   110\n",
  );
});

Deno.test("wide columns come with wide, painted by tone", () => {
  const table = renderTable(COLUMNS, [{ name: "nuc", pods: 7 }], {
    wide: true,
    paint: (tone, text) => tone === "good" ? `+${text}` : text,
  });
  assert.equal(table, "NAME  PODS  NOTE\nnuc      7  +fine\n");
});

Deno.test("wide characters keep the columns aligned", () => {
  const table = renderTable(COLUMNS, [{ name: "日本", pods: 1 }, { name: "abcd", pods: 2 }]);
  assert.equal(table, "NAME  PODS\n日本     1\nabcd     2\n");
});

Deno.test("a hostile cell cannot break out of its row", () => {
  const table = renderTable(COLUMNS, [{ name: "a\nb\u001b[2J", pods: 1 }]);
  assert.equal(table, "NAME  PODS\na b      1\n");
});

Deno.test("a painted cell is padded by what is seen of it", () => {
  const table = renderTable(COLUMNS, [{ name: "nuc", pods: 7 }, { name: "raspberry", pods: 1 }], {
    paint: (_tone, text) => `\u001b[2m${text}\u001b[22m`,
  });
  const seen = table.replaceAll("\u001b[2m", "").replaceAll("\u001b[22m", "");
  assert.equal(seen, "NAME       PODS\nnuc           7\nraspberry     1\n");
});

Deno.test("no rows leave the header", () => {
  assert.equal(renderTable(COLUMNS, []), "NAME  PODS\n");
});

Deno.test("an optional column is left out where it is empty throughout", () => {
  const columns: readonly Column<Row>[] = [
    ...COLUMNS.slice(0, 1),
    { header: "REMARK", optional: true, cell: ({ pods }) => pods > 9 ? "busy" : "" },
  ];
  assert.equal(renderTable(columns, [{ name: "nuc", pods: 1 }]), "NAME\nnuc\n");
  assert.equal(
    renderTable(columns, [{ name: "nuc", pods: 1 }, { name: "pi", pods: 10 }]),
    "NAME  REMARK\nnuc\npi    busy\n",
  );
});
