/**
 * Lines of texts, wrapped and painted to fill a width exactly. Pure.
 *
 * @module
 */

import type { ObjectReference } from "../../cluster/api/requests.ts";
import { isPrintableAscii, safeText } from "../../errors/safe_text.ts";
import { cellWidth, fit, padding } from "../../view/words/cells.ts";
import { inTone, type Paint, type Toned } from "../../view/words/tone.ts";

/** One line; what is in it is made harmless when it is drawn. */
export interface TextLine {
  readonly segments: readonly Toned[];
  /** What Enter opens. */
  readonly target?: ObjectReference;
}

/** A line of plain text. */
export function plain(text: string): TextLine {
  return { segments: [inTone("plain", text)] };
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
      const isBegun = pieces.at(-1)!.length > (margin > 0 && pieces.length > 1 ? 1 : 0);
      const head = wholeWords(headOf(rest, room), { text: rest, isBegun });
      if (head === "") {
        // A character wider than the whole line would never fit.
        if (!isBegun) break;
        pieces.push(margin > 0 ? [inTone("plain", " ".repeat(margin))] : []);
        room = width - margin;
        // The blank between two words is not seen at the end of a line, and odd at the beginning.
        if (rest.startsWith(" ")) rest = rest.slice(1);
        continue;
      }
      pieces.at(-1)!.push(inTone(tone, head));
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

/** The head without the word it cuts; a word longer than half of it is cut. */
function wholeWords(
  head: string,
  { text, isBegun }: { readonly text: string; readonly isBegun: boolean },
): string {
  const next = text[head.length];
  if (next === undefined || next === " " || head.endsWith(" ")) return head;
  const space = head.lastIndexOf(" ");
  if (space > head.length / 2) return head.slice(0, space + 1);
  // The whole of a short word goes to the next line, where something stands before it on this one.
  const word = /^\S*/.exec(text)![0].length;
  return isBegun && space < 0 && word <= LONGEST_WORD ? "" : head;
}

/** Words that are not cut where they would fit the next line. */
const LONGEST_WORD = 24;

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
