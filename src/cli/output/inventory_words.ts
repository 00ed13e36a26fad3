/**
 * What every command that changes the inventory says about it.
 *
 * @module
 */

import { renderProblem } from "../../errors/render_error.ts";
import type { Change } from "../../inventory/store.ts";
import type { Output } from "./output.ts";

/**
 * Reports an edit: with `-o json` the document `InventoryChange`, else the patch on stdout where it
 * was only planned, and words on stderr.
 */
export async function reportChange(
  output: Output,
  change: Change,
  { dryRun, done, extra }: {
    readonly dryRun: boolean;
    /** What was done, as a sentence. */
    readonly done: string;
    /** Members of the document that speak of the thing itself. */
    readonly extra: Readonly<Record<string, unknown>>;
  },
): Promise<void> {
  const { files, notes, warnings } = change;
  const changed = files.length > 0;
  const { paintDiff, unifiedDiff } = await import("../../view/words/unified_diff.ts");
  const patch = dryRun ? unifiedDiff(files) : "";
  if (output.structured) {
    await output.document("InventoryChange", {
      ...extra,
      changed,
      dryRun,
      files: files.map((file) => file.shown),
      ...(dryRun ? { diff: patch } : {}),
      notes,
      warnings,
    });
    return;
  }
  for (const note of notes) output.note(note);
  for (const warning of warnings) output.warn(renderProblem(warning));
  if (!changed) return output.note("Nothing to change.");
  if (!dryRun) return output.note(done);
  output.data(paintDiff(patch, output.paint));
  output.note("Dry run: nothing was written.");
}
