import assert from "node:assert/strict";
import { partsOf, placePart } from "../../tasks/page_part.ts";
import { screenPart, SCREENS } from "../../tasks/screens_doc.ts";
import { PROJECT_ROOT } from "../cli/fake_context.ts";

const page = await Deno.readTextFile(`${PROJECT_ROOT}/docs/tui.md`);
const parts = partsOf(page);

Deno.test("docs/tui.md has a place for each screen that is taken, and for no others", () => {
  const places = [...parts.keys()].filter((name) => name.startsWith("screen: "));
  assert.deepEqual(places.sort(), SCREENS.map(screenPart).sort());
});

Deno.test("each place holds a screen of the size it says (deno task screens takes them)", () => {
  for (const screen of SCREENS) {
    const block = /^```text\n([^]*)\n```\n$/.exec(parts.get(screenPart(screen)) ?? "");
    assert.ok(block, `${screen.name}: no screen`);
    const lines = block[1]!.split("\n");
    assert.equal(lines.length, screen.rows, screen.name);
    assert.match(lines[0]!, /^demo .*● live$/, screen.name);
    for (const line of lines) assert.ok([...line].length <= screen.columns, line);
  }
});

Deno.test("each screen shows what it was waited for", () => {
  for (const screen of SCREENS) {
    const shown = parts.get(screenPart(screen)) ?? "";
    const { until = "" } = screen.steps.at(-1) ?? {};
    assert.ok(shown.search(until) >= 0, `${screen.name}: ${until}`);
  }
});

Deno.test("a part of a page is replaced, and nothing around it", () => {
  const before = "a\n<!-- one -->\nold\n<!-- end -->\nb\n<!-- two -->\n<!-- end -->\n";
  const after = placePart(before, { name: "one", text: "new\nlines\n\n" });
  assert.equal(after, before.replace("old", "new\nlines"));
  assert.deepEqual([...partsOf(after)], [["one", "new\nlines\n"], ["two", ""]]);
  assert.throws(() => placePart(before, { name: "three", text: "" }), /three/);
});
