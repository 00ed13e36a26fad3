/**
 * Lines of texts, wrapped and painted to fill a width exactly. Pure.
 *
 * @module
 */

import type { ObjectReference } from "../cluster/requests.ts";
import { isPrintableAscii, safeText } from "../errors/safe_text.ts";
import { cellWidth, fit, padding } from "../view/cells.ts";
import type { Paint, Toned } from "../view/tone.ts";

/** One line; what is in it is made harmless when it is drawn. */
export interface TextLine {
  readonly segments: readonly Toned[];
  /** What Enter opens. */
  readonly target?: ObjectReference;
}

/** A line of plain text. */
export function plain(text: string): TextLine {
  return { segments: [{ text, tone: "plain" }] };
}

/** A line of one tone. */
export function toned(tone: Toned["tone"], text: string): TextLine {
  return { segments: [{ text, tone }] };
}

/** An empty line. */
export const EMPTY_LINE: TextLine = { segments: [] };

/** The words of a line, harmless. */
export function textOfLine({ segments }: TextLine): string {
  return segments.map(({ text }) => safeText(text)).join("");
}

/**
 * The line in pieces that fit a width; what goes on in the next one is indented.
 *
 * @param options.width cells, at least 1
 * @param options.indent cells in front of each further piece
 */
export function wrapLine(
  line: TextLine,
  { width, indent = 0 }: { readonly width: number; readonly indent?: number },
): readonly TextLine[] {
  const only = line.segments[0];
  if (
    line.segments.length <= 1 &&
    (only === undefined || only.text.length <= width && isPrintableAscii(only.text))
  ) return [line];
  const margin = Math.min(indent, Math.floor(width / 2));
  const pieces: Toned[][] = [[]];
  let room = width;
  for (const { text, tone } of line.segments) {
    for (let rest = safeText(text); rest !== "";) {
      const head = headOf(rest, room);
      if (head === "") {
        // A character wider than the whole line would never fit.
        if (pieces.at(-1)!.length === 0) break;
        pieces.push(margin > 0 ? [{ text: " ".repeat(margin), tone: "plain" }] : []);
        room = width - margin;
        continue;
      }
      pieces.at(-1)!.push({ text: head, tone });
      room -= cellWidth(head);
      rest = rest.slice(head.length);
    }
  }
  const { target } = line;
  return pieces.map((segments) => target === undefined ? { segments } : { segments, target });
}

/** As much of the beginning as fits; empty where not even one character does. */
function headOf(text: string, cells: number): string {
  if (cells < 1) return "";
  if (isPrintableAscii(text)) return text.slice(0, cells);
  let [used, length] = [0, 0];
  for (const { segment } of SEGMENTS.segment(text.slice(0, 8 * cells + 64))) {
    const width = cellWidth(segment);
    if (used + width > cells) break;
    used += width;
    length += segment.length;
  }
  return text.slice(0, length);
}

const SEGMENTS = new Intl.Segmenter();

/** The line painted in exactly `width` cells, cut where it is longer. */
export function drawLine(
  line: TextLine,
  { width, paint }: { readonly width: number; readonly paint: Paint },
): string {
  let [drawn, used] = ["", 0];
  for (const { text, tone } of line.segments) {
    if (used >= width) break;
    const piece = fit(safeText(text), width - used);
    drawn += paint(tone, piece);
    used += cellWidth(piece);
  }
  return drawn + padding(used, width);
}
