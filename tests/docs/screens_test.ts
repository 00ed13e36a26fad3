import assert from "node:assert/strict";
import { partsOf, placePart } from "../../tasks/page_part.ts";
import { screenPart, SCREENS, screenText } from "../../tasks/screens_doc.ts";
import { PROJECT_ROOT } from "../cli/fake_context.ts";
import { takeScreen } from "../tui/take_screen.ts";

const page = await Deno.readTextFile(`${PROJECT_ROOT}/docs/tui.md`);
const parts = partsOf(page);

Deno.test("docs/tui.md has a place for each screen that is taken, and for no others", () => {
  const places = [...parts.keys()].filter((name) => name.startsWith("screen: "));
  assert.deepEqual(places.sort(), SCREENS.map(screenPart).sort());
});

for (const screen of SCREENS) {
  Deno.test(`docs/tui.md shows what the demo shows: ${screen.name} (deno task screens)`, async () => {
    const shown = parts.get(screenPart(screen)) ?? "";
    assert.equal(shown.trimEnd(), screenText(await takeScreen(screen)));
    assert.equal(shown.trimEnd().split("\n").length, screen.rows + 2);
  });
}

Deno.test("a part of a page is replaced, and nothing around it", () => {
  const before = "a\n<!-- one -->\nold\n<!-- end -->\nb\n<!-- two -->\n<!-- end -->\n";
  const after = placePart(before, { name: "one", text: "new\nlines\n\n" });
  assert.equal(after, before.replace("old", "new\nlines"));
  assert.deepEqual([...partsOf(after)], [["one", "new\nlines\n"], ["two", ""]]);
  assert.throws(() => placePart(before, { name: "three", text: "" }), /three/);
});
