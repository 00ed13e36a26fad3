/**
 * Text measured and cut in cells of a terminal.
 *
 * @module
 */

import cliTruncate from "cli-truncate";
import stringWidth from "fast-string-width";
import { isPrintableAscii } from "../../errors/safe_text.ts";

/** Cells a text takes; of harmless text (`safeText`) without colours. */
export function cellWidth(text: string): number {
  return isPrintableAscii(text) ? text.length : stringWidth(text);
}

/** The text, cut with `…` where it takes more than so many cells. */
export function fit(text: string, cells: number): string {
  if (cells < 1) return "";
  if (isPrintableAscii(text)) {
    return text.length <= cells ? text : `${text.slice(0, cells - 1)}…`;
  }
  if (stringWidth(text) <= cells) return text;
  // cli-truncate measures some rare characters (variation selectors) otherwise than the rest of us.
  for (let room = cells; room > 0; room--) {
    const cut = cliTruncate(text, room);
    if (stringWidth(cut) <= cells) return cut;
  }
  return "";
}

/** The spaces that make a text of so many cells fill a field. */
export function padding(width: number, cells: number): string {
  return " ".repeat(Math.max(0, cells - width));
}
