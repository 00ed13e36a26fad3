import assert from "node:assert/strict";
import fc from "fast-check";
import { layOut, LEAST_SIZE, LIST_HEAD, paneAt, PANES } from "../../../src/tui/draw/layout.ts";

const request = fc.record({
  size: fc.record({
    columns: fc.integer({ min: 1, max: 400 }),
    rows: fc.integer({ min: 1, max: 150 }),
  }),
  focus: fc.constantFrom(...PANES),
  zoomed: fc.boolean(),
  status: fc.nat(3),
  nodes: fc.nat(2_000),
  header: fc.constantFrom(2, 3),
});

Deno.test("parts of the screen fill it without a gap or an overlap, each with at least a row", () => {
  fc.assert(
    fc.property(request, (request) => {
      const layout = layOut(request);
      const { size, focus, zoomed } = request;
      assert.equal(
        layout.tooSmall,
        size.columns < LEAST_SIZE.columns || size.rows < LEAST_SIZE.rows,
      );
      if (layout.tooSmall) return;
      const alone = zoomed || layout.body.height < 3 * LIST_HEAD + 6;
      const wide = size.columns >= 160;
      if (!(wide && !zoomed)) {
        assert.deepEqual([...layout.panes.keys()], alone ? [focus] : [...PANES]);
      }
      const owners = new Map<string, string>();
      for (const [pane, { x, y, width, height }] of layout.panes) {
        assert.ok(height > LIST_HEAD, `${pane} has rows`);
        for (let row = y; row < y + height; row++) {
          for (const column of [x, x + width - 1]) {
            assert.equal(paneAt(layout, { x: column, y: row }), pane);
            const key = `${column} ${row}`;
            assert.ok(!owners.has(key), `${pane} and ${owners.get(key)} overlap`);
            owners.set(key, pane);
          }
        }
        assert.ok(x >= 0 && x + width <= size.columns);
      }
      for (let row = 0; row < size.rows; row++) {
        const inBody = row >= layout.body.y && row < layout.body.y + layout.body.height;
        assert.equal(owners.has(`0 ${row}`), inBody, `line ${row}`);
      }
      assert.equal(layout.status.height, request.status);
      assert.equal(layout.footer.y, size.rows - 1);
    }),
    { numRuns: 1_000 },
  );
});

Deno.test("a few nodes take no more lines than they need", () => {
  const at = (nodes: number) =>
    layOut({
      size: { columns: 200, rows: 60 },
      focus: "workloads",
      zoomed: false,
      status: 0,
      nodes,
      header: 2,
    }).panes.get("nodes")!.height;
  assert.equal(at(3), LIST_HEAD + 4);
  assert.ok(at(1_000) < 30);
});

Deno.test("the list with the focus has the most lines of a small terminal", () => {
  for (
    const [focus, rows] of PANES.flatMap((pane) =>
      [16, 18, 24].map((rows) => [pane, rows] as const)
    )
  ) {
    const { panes } = layOut({
      size: { columns: 80, rows },
      focus,
      zoomed: false,
      status: 0,
      nodes: 50,
      header: 2,
    });
    const heights = [...panes.values()].map(({ height }) => height);
    assert.equal(panes.size, 3);
    assert.equal(panes.get(focus)!.height, Math.max(...heights), `${focus} of ${rows}`);
    assert.ok(panes.get(focus)!.height >= LIST_HEAD + 3);
  }
});
