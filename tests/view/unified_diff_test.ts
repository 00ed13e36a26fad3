import assert from "node:assert/strict";
import { paintDiff, unifiedDiff } from "../../src/view/unified_diff.ts";

const CHANGE = { shown: "hosts.yml", before: "a\nb\n", after: "a\nc\n" };

Deno.test("a change is shown as git shows it", () => {
  assert.equal(
    unifiedDiff([CHANGE]),
    "--- a/hosts.yml\n+++ b/hosts.yml\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n",
  );
  assert.equal(unifiedDiff([]), "");
});

Deno.test("colour follows the signs, and escape sequences of files do not reach the terminal", () => {
  const patch = unifiedDiff([{ ...CHANGE, after: "a\n\u001b[31mred\n" }]);
  const painted = paintDiff(patch, (tone, text) => `<${tone}>${text}`);
  assert.ok(painted.includes("<bad>-b\n<good>+red\n"), painted);
});
