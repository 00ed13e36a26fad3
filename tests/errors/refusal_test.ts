/**
 * What the operating system refuses.
 *
 * @module
 */

import assert from "node:assert/strict";
import { isRefusal, refusalReason } from "../../src/errors/refusal.ts";
import { renderErrorText } from "../../src/errors/render_error.ts";

Deno.test("a home in which nobody can create a directory is no bug of the program, and is named", async () => {
  // Root gets ENOENT there, everybody else EACCES.
  const error = await Deno.mkdir("/proc/.cache/k3s-tool", { recursive: true }).catch((e) => e);
  assert.ok(isRefusal(error), String(error));
  assert.match(refusalReason(error), /does not allow new directories|permission denied/);
  const text = renderErrorText(error);
  assert.match(text, /\/proc\/\.cache\/k3s-tool/);
  assert.ok(!text.includes("bug"), text);
  const nobody = new Deno.errors.NotFound(
    "No such file or directory (os error 2): mkdir '/proc/x'",
  );
  assert.ok(renderErrorText(Object.assign(nobody, { code: "ENOENT" })).includes("XDG_STATE_HOME"));
  const full = new Error("No space left on device (os error 28): writefile '/srv/a b/run.json'");
  assert.equal(
    renderErrorText(Object.assign(full, { code: "ENOSPC" })),
    "Error: Cannot use /srv/a b/run.json: the disk is full\nHint: Free space on the disk of /srv/a b.\n",
  );
  const output = new Error("No space left on device (os error 28)");
  assert.match(
    renderErrorText(Object.assign(output, { code: "ENOSPC" })),
    /^Error: The disk is full\nHint: Check the disk/,
  );
  const missing = await Deno.readTextFile("/proc/nothing").catch((e) => e);
  assert.ok(!isRefusal(missing));
  assert.equal(refusalReason(missing), "it does not exist");
});
