import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type ListState,
  moveBy,
  nextSort,
  reconcile,
  reversed,
  scrollBy,
  select,
  UNTOUCHED,
} from "../../../src/tui/state/list_state.ts";

const abc = { keys: ["a", "b", "c", "d", "e"], height: 3 };

function at(key: string, rows = abc): ListState {
  return select(reconcile(UNTOUCHED, rows), { ...rows, index: rows.keys.indexOf(key) });
}

Deno.test("the first row is selected as soon as there is one", () => {
  assert.equal(reconcile(UNTOUCHED, { keys: [], height: 3 }).selected, undefined);
  assert.equal(reconcile(UNTOUCHED, abc).selected, "a");
});

Deno.test("the selection stays with its row when rows come before it or change places", () => {
  const list = reconcile(at("d"), { keys: ["z", "y", "e", "d", "c", "b", "a"], height: 3 });
  assert.deepEqual([list.selected, list.index], ["d", 3]);
});

Deno.test("when the selected row goes its neighbour is selected", () => {
  assert.equal(reconcile(at("c"), { keys: ["a", "b", "d", "e"], height: 3 }).selected, "d");
  assert.equal(reconcile(at("e"), { keys: ["a", "b"], height: 3 }).selected, "b");
});

Deno.test("a row that scrolled into sight stays on its line of the screen", () => {
  const list = at("e");
  const line = list.index - list.offset;
  const after = reconcile(list, { keys: ["x", "y", ...abc.keys], height: 3 });
  assert.equal(after.index - after.offset, line);
  assert.equal(after.selected, "e");
});

Deno.test("at the top of a list new rows above are seen", () => {
  const list = reconcile(at("b"), { keys: ["new", ...abc.keys], height: 3 });
  assert.deepEqual([list.offset, list.selected], [0, "b"]);
});

Deno.test("who stands on the newest event stays on the newest", () => {
  const rows = { keys: ["new", ...abc.keys], height: 3 };
  assert.equal(reconcile(at("a"), rows, { followsTop: true }).selected, "new");
  assert.equal(reconcile(at("b"), rows, { followsTop: true }).selected, "b");
});

Deno.test("what a filter hides is selected again when it is seen again", () => {
  const filtered = reconcile({ ...at("d"), filter: "x" }, { keys: ["a", "e"], height: 3 });
  assert.notEqual(filtered.selected, "d");
  const none = reconcile(filtered, { keys: [], height: 3 });
  assert.equal(none.selected, undefined);
  assert.equal(reconcile({ ...none, filter: "" }, abc).selected, "d");
});

Deno.test("who moves within filtered rows has chosen anew", () => {
  const rows = { keys: ["a", "e"], height: 3 };
  const moved = moveBy(reconcile({ ...at("d"), filter: "x" }, rows), { ...rows, by: 5 });
  assert.equal(reconcile({ ...moved, filter: "" }, abc).selected, "e");
});

Deno.test("scrolling takes the selection along only where it would leave the screen", () => {
  const list = scrollBy(at("b"), { ...abc, by: 1 });
  assert.deepEqual([list.offset, list.selected], [1, "b"]);
  assert.deepEqual(scrollBy(list, { ...abc, by: 1 }).selected, "c");
});

Deno.test("sorting goes through the columns and back to the order rows come in", () => {
  const headers = ["NAME", "AGE"];
  const first = nextSort(undefined, headers);
  assert.deepEqual(first, { header: "NAME", descending: false });
  assert.equal(nextSort(nextSort(first, headers), headers), undefined);
  assert.deepEqual(reversed(first, headers), { header: "NAME", descending: true });
  assert.deepEqual(reversed(undefined, headers), { header: "NAME", descending: true });
});

Deno.test("whatever happens to rows, a selection exists exactly while there are rows, and is seen", () => {
  const keys = fc.uniqueArray(fc.constantFrom(..."abcdefghijklmnop"));
  const step = fc.oneof(
    fc.record({ type: fc.constant("rows" as const), keys, height: fc.integer({ min: 1, max: 6 }) }),
    fc.record({ type: fc.constant("move" as const), by: fc.integer({ min: -20, max: 20 }) }),
    fc.record({ type: fc.constant("scroll" as const), by: fc.integer({ min: -20, max: 20 }) }),
    fc.record({ type: fc.constant("filter" as const), on: fc.boolean() }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), fc.boolean(), (steps, followsTop) => {
      let rows: { keys: readonly string[]; height: number } = { keys: [], height: 1 };
      let list = UNTOUCHED;
      for (const each of steps) {
        if (each.type === "rows") rows = each;
        else if (each.type === "filter") list = { ...list, filter: each.on ? "x" : "" };
        else if (each.type === "move") list = moveBy(list, { ...rows, by: each.by });
        else list = scrollBy(list, { ...rows, by: each.by });
        list = reconcile(list, rows, { followsTop });
        assert.equal(list.selected, rows.keys[list.index]);
        assert.ok(list.index >= list.offset && list.index < list.offset + rows.height);
        assert.ok(list.offset >= 0 && list.offset <= Math.max(0, rows.keys.length - rows.height));
      }
    }),
    { numRuns: 500 },
  );
});
