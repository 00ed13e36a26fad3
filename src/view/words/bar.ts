/**
 * A share as a bar.
 *
 * @module
 */

import { padding } from "./cells.ts";
import type { Tone } from "./tone.ts";

/** Eighths of a block, from none to seven. */
const EIGHTHS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"] as const;

/** Cells of ` 100%`. */
const LABEL = 5;

/** Shares from which on a bar warns, and from which on it is bad. */
const [HIGH, FULL] = [0.8, 0.95];

/**
 * `███▌░░  58%` in exactly `cells` cells; `?` where a part is not known.
 *
 * The bar never leaves its field, the number says what was measured: more than all is possible.
 *
 * @param cells at least 5; with fewer than 7 the number stands alone
 */
export function bar(part: number | undefined, whole: number | undefined, cells: number): string {
  const share = shareOf(part, whole);
  if (share === undefined) return `?${padding(1, cells)}`;
  const label = `${Math.min(999, Math.round(100 * share))}%`.padStart(LABEL);
  const room = cells - LABEL;
  if (room < 2) return label.trimStart().padStart(cells);
  const eighths = Math.round(Math.min(1, share) * room * 8);
  // What is more than nothing is seen, and what is less than all never looks full.
  const drawn = clamp(eighths, share > 0 ? 1 : 0, share < 1 ? room * 8 - 1 : room * 8);
  const blocks = "█".repeat(Math.floor(drawn / 8)) + (EIGHTHS[drawn % 8] ?? "");
  return blocks + "░".repeat(room - blocks.length) + label;
}

/** How a share is meant; its number always stands beside the colour. */
export function barTone(part: number | undefined, whole: number | undefined): Tone {
  const share = shareOf(part, whole);
  if (share === undefined) return "muted";
  if (share >= FULL) return "bad";
  return share >= HIGH ? "warn" : "good";
}

/** The share, at least 0; undefined where it is not known. */
export function shareOf(part: number | undefined, whole: number | undefined): number | undefined {
  if (part === undefined || whole === undefined || !(whole > 0)) return undefined;
  const share = part / whole;
  return Number.isFinite(share) ? Math.max(0, share) : undefined;
}

function clamp(value: number, least: number, most: number): number {
  return Math.max(least, Math.min(most, value));
}
