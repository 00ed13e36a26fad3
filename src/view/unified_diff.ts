/**
 * What a change does to files, as `diff -u` and Git show it.
 *
 * @module
 */

import { createTwoFilesPatch } from "diff";
import { safeLines } from "../errors/safe_text.ts";
import type { Paint } from "./tone.ts";

/** A file before and after. */
export interface FileChange {
  readonly shown: string;
  readonly before: string;
  readonly after: string;
}

/** The changes as one patch; empty where nothing changes. */
export function unifiedDiff(changes: readonly FileChange[]): string {
  return changes.map(({ shown, before, after }) =>
    createTwoFilesPatch(`a/${shown}`, `b/${shown}`, before, after)
      .replace(/^=+\n/, "")
      // The library puts a tab behind names even without a date.
      .replace(/^((?:---|\+\+\+) .*?)\t$/gm, "$1")
  ).join("");
}

/** A patch for a terminal: harmless, additions and removals in colour as well as by their sign. */
export function paintDiff(patch: string, paint: Paint): string {
  return safeLines(patch).split("\n").map((line) => {
    if (/^(?:---|\+\+\+) /.test(line)) return paint("muted", line);
    if (line.startsWith("+")) return paint("good", line);
    if (line.startsWith("-")) return paint("bad", line);
    return line.startsWith("@@") ? paint("accent", line) : line;
  }).join("\n");
}
