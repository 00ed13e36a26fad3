import assert from "node:assert/strict";
import { linesOf, titleOf } from "../../src/tui/draw/screen_text.ts";
import { textOfLine } from "../../src/tui/draw/text_line.ts";
import { model, pressed } from "./model_fixture.ts";

Deno.test("the palette opens what Flux follows, once, and Esc goes back", () => {
  const opened = pressed(model(), "p", ..."gitops", "enter");
  const top = opened.ui.screens.at(-1)!;
  assert.equal(titleOf(opened, top), "GitOps: sources and Kustomizations");
  const text = linesOf(opened, top).map(textOfLine).join("\n");
  assert.match(text, /Flux is not installed\.[^]*git_repo_url URL/);
  // There it is not offered again.
  assert.equal(pressed(opened, "p", ..."gitops", "enter").ui.screens.length, 1);
  assert.equal(pressed(opened, "escape").ui.screens.length, 0);
});
