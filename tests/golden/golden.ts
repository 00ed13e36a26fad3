/**
 * Whole outputs, compared with files under expected/. `UPDATE_GOLDEN=1` writes them anew; the
 * difference is then read in the commit.
 *
 * @module
 */

import assert from "node:assert/strict";

/** Compares a text with `expected/NAME`. */
export async function assertGolden(name: string, text: string): Promise<void> {
  const file = new URL(`expected/${name}`, import.meta.url);
  if (Deno.env.get("UPDATE_GOLDEN") === "1") {
    await Deno.mkdir(new URL(".", file), { recursive: true });
    await Deno.writeTextFile(file, text);
  }
  assert.equal(text, await Deno.readTextFile(file));
}
