/**
 * What a change does to files, as `diff -u` and Git show it.
 *
 * @module
 */

import { createTwoFilesPatch } from "diff";
import { safeLines } from "../../errors/safe_text.ts";
import { MASK } from "../../errors/secrets.ts";
import { maskedText } from "../../inventory/masked.ts";
import type { Paint } from "./tone.ts";

/** A file before and after. */
export interface FileChange {
  readonly shown: string;
  readonly before: string;
  readonly after: string;
}

/**
 * The changes as one patch; empty where nothing changes. Secrets are hidden in every line of it; that
 * one changes is seen all the same.
 */
export function unifiedDiff(changes: readonly FileChange[]): string {
  const numbers = new Map<string, number>();
  const numbered = (secret: string) => {
    const number = numbers.get(secret) ?? numbers.size;
    numbers.set(secret, number);
    return `${MASK}\0${number}\0`;
  };
  return changes.map(({ shown, before, after }) =>
    createTwoFilesPatch(
      `a/${shown}`,
      `b/${shown}`,
      maskedText(before, numbered),
      maskedText(after, numbered),
    )
      .replaceAll(/\0\d+\0/g, "")
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
