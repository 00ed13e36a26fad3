/**
 * What commands that change the inventory, or write into a Git repository, say about it.
 *
 * @module
 */

import type { Output } from "./output.ts";
import { renderProblem } from "../../errors/render_error.ts";
import type { Change } from "../../inventory/store.ts";

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
  const diff = dryRun ? await import("../../view/words/unified_diff.ts") : undefined;
  const patch = diff?.unifiedDiff(files) ?? "";
  if (output.structured) {
    return await output.document("InventoryChange", {
      ...extra,
      changed: files.length > 0,
      dryRun,
      files: files.map((file) => file.shown),
      ...(dryRun ? { diff: patch } : {}),
      notes,
      warnings,
    });
  }
  for (const note of notes) output.note(note);
  for (const warning of warnings) output.warn(renderProblem(warning));
  if (files.length === 0) return output.note("Nothing to change.");
  if (diff === undefined) return output.note(done);
  output.data(diff.paintDiff(patch, output.paint));
  output.note("Dry run: nothing was written.");
}

/** A file that was, or would be, written or left alone. */
export interface RepositoryFile {
  /** Relative to the repository. */
  readonly path: string;
  readonly change: "created" | "replaced" | "kept";
  readonly before: string;
  readonly after: string;
}

/**
 * Reports what happened to a repository: with `-o json` the document `RepositoryChange`, else words
 * on stderr, and on stdout what `--dry-run` shows.
 */
export async function reportRepository(
  output: Output,
  { directory, files, dryRun, preview, extra, notes, warnings, next }: {
    readonly directory: string;
    readonly files: readonly RepositoryFile[];
    readonly dryRun: boolean;
    /** What a dry run shows; default: a patch. */
    readonly preview?: string;
    /** Members of the document that speak of the thing itself. */
    readonly extra: Readonly<Record<string, unknown>>;
    /** What was done, as sentences. */
    readonly notes: readonly string[];
    readonly warnings: readonly string[];
    /** What to do now, as command lines. */
    readonly next: readonly string[];
  },
): Promise<void> {
  const { paintDiff, unifiedDiff } = await import("../../view/words/unified_diff.ts");
  const changes = files.filter(({ change }) => change !== "kept");
  const patch = dryRun
    ? unifiedDiff(changes.map(({ path, before, after }) => ({ shown: path, before, after })))
    : "";
  if (output.structured) {
    return await output.document("RepositoryChange", {
      ...extra,
      directory,
      changed: changes.length > 0,
      dryRun,
      files: files.map(({ path, change }) => ({ path, change })),
      ...(dryRun ? { diff: patch } : {}),
      notes,
      warnings,
      next,
    });
  }
  for (const warning of warnings) output.warn(warning);
  if (dryRun) {
    output.data(preview ?? paintDiff(patch, output.paint));
    return output.note(
      changes.length === 0 ? "Nothing to change." : "Dry run: nothing was written.",
    );
  }
  for (const note of notes) output.note(note);
  if (next.length > 0) output.note(["Next:", ...next.map((line) => `  ${line}`)].join("\n"));
}
