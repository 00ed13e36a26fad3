/**
 * Small files that a person names.
 *
 * @module
 */

import assert from "node:assert/strict";
import { readSmallFile, readSmallText } from "../../src/process/small_file.ts";

Deno.test("a small file is read whole, and one that is larger or has no end is refused", async () => {
  const file = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(file, "hunter2\nzwölf\n");
    assert.equal(await readSmallText(file), "hunter2\nzwölf\n");
    await Deno.truncate(file, 1 << 20);
    assert.equal((await readSmallFile(file)).length, 1 << 20);
    await Deno.truncate(file, (1 << 20) + 1);
    for (const path of [file, "/dev/zero"]) {
      await assert.rejects(readSmallFile(path), { message: "it is larger than 1 MiB" });
    }
    assert.equal(await readSmallText("/dev/null"), "");
  } finally {
    await Deno.remove(file);
  }
});
