import assert from "node:assert/strict";
import { paintDiff, unifiedDiff } from "../../../src/view/words/unified_diff.ts";

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

Deno.test("a secret is hidden in every line, and that it changes is seen", () => {
  const file = (secret: string, cpu: number) => `a: {k3s_token: ${secret}}\ncpu: ${cpu}\n`;
  assert.equal(
    unifiedDiff([{ shown: "f", before: file("old1", 1), after: file("new1", 1) }]),
    "--- a/f\n+++ b/f\n@@ -1,2 +1,2 @@\n-a: {k3s_token: ********}\n+a: {k3s_token: ********}\n cpu: 1\n",
  );
  assert.equal(
    unifiedDiff([{ shown: "f", before: file("same", 1), after: file("same", 2) }]),
    "--- a/f\n+++ b/f\n@@ -1,2 +1,2 @@\n a: {k3s_token: ********}\n-cpu: 1\n+cpu: 2\n",
  );
});
