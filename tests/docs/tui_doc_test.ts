import assert from "node:assert/strict";
import { KEYS_PART, keysTable } from "../../tasks/keys_doc.ts";
import { partsOf } from "../../tasks/page_part.ts";
import { PROJECT_ROOT } from "../cli/fake_context.ts";

Deno.test("docs/tui.md lists the keys that the program takes (deno task docs writes them)", async () => {
  const parts = partsOf(await Deno.readTextFile(`${PROJECT_ROOT}/docs/tui.md`));
  assert.equal(parts.get(KEYS_PART)?.trimEnd(), keysTable());
});
