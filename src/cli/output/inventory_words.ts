/**
 * What every command that changes the inventory says about it.
 *
 * @module
 */

import { renderProblem } from "../../errors/render_error.ts";
import type { Problem } from "../../errors/user_error.ts";
import type { ChangedFile } from "../../inventory/store.ts";
import type { Output } from "./output.ts";

/** An edit, done or planned. */
export interface Change {
  readonly files: readonly ChangedFile[];
  readonly notes: readonly string[];
  readonly warnings: readonly Problem[];
}

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
  const patch = dryRun && changed ? await patchOf(files) : "";
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
  const { paintDiff } = await import("../../view/words/unified_diff.ts");
  output.data(paintDiff(patch, output.paint));
  output.note("Dry run: nothing was written.");
}

async function patchOf(files: readonly ChangedFile[]): Promise<string> {
  const { unifiedDiff } = await import("../../view/words/unified_diff.ts");
  return unifiedDiff(files);
}
