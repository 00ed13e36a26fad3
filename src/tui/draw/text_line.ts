/**
 * Lines of texts, wrapped and painted to fill a width exactly; the rule above them, and what is said
 * below. Pure.
 *
 * @module
 */

import { isPrintableAscii, safeText } from "../../errors/safe_text.ts";
import { cellWidth, fit, padding } from "../../view/words/cells.ts";
import { inTone, type Paint, type TextLine, type Toned } from "../../view/words/tone.ts";
import type { StatusLine } from "../state/ui_state.ts";

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
  return pieces.map((segments) => ({ ...line, segments }));
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

/** How a rule is drawn, and what it says beside a name. */
export interface Title {
  /** How much there is of it. */
  readonly count?: string;
  /** What else is to be known, each between two pieces of the rule. */
  readonly parts?: readonly Toned[];
  /** Keys act on what is below it. */
  readonly hasFocus?: boolean;
  readonly width: number;
  readonly paint: Paint;
}

/** `━━ 1 Nodes 3 ── /pi ─────`, exactly as wide as asked; heavy where the focus is. */
export function titleLine(
  name: string,
  { count = "", parts = [], hasFocus = true, width, paint }: Title,
): string {
  const dash = hasFocus ? "━" : "─";
  const tone = hasFocus ? "accent" : "muted";
  const pieces: Toned[] = [
    inTone(tone, dash.repeat(2)),
    inTone(hasFocus ? "accent" : "plain", ` ${safeText(name)}`),
    inTone("plain", count === "" ? " " : ` ${count} `),
    ...parts.flatMap(({ text, tone: own }): Toned[] => [
      inTone(tone, dash.repeat(2)),
      inTone(own, ` ${safeText(text)} `),
    ]),
  ];
  let [line, used] = ["", 0];
  for (const { text, tone } of pieces) {
    const shown = fit(text, width - used);
    line += paint(tone, shown);
    used += cellWidth(shown);
    if (used >= width) return line;
  }
  return line + paint(tone, dash.repeat(width - used));
}

/** Lines it may take; results of changes are whole in the screen of requests. */
const MOST_LINES = 3;

/** The lines; none where nothing is said. What does not fit the last one is cut when it is drawn. */
export function statusLines(status: StatusLine | undefined, width: number): readonly TextLine[] {
  if (status === undefined) return [];
  const { text, tone, goesOn } = status;
  const words = goesOn ? `${text.replace(/\.$/, "")}…` : text;
  const lines = wrapLine(toned(tone, words), { width: Math.max(1, width), indent: 2 });
  const rest = lines.slice(MOST_LINES - 1).flatMap(({ segments }) => segments);
  return lines.length <= MOST_LINES
    ? lines
    : [...lines.slice(0, MOST_LINES - 1), { segments: rest }];
}

// deno-lint-ignore no-control-regex
const COLOURS = /\u001b\[[\d;]*m/g;

/** A line without its colours. */
export function withoutColour(line: string): string {
  return line.replace(COLOURS, "");
}

/** The selected line: in inverse, which every theme and NO_COLOR leave readable. */
export function inverse(line: string): string {
  return `\u001b[7m${withoutColour(line)}\u001b[27m`;
}

/** A line that may be out of date: dimmed where there are colours. */
export function dimmed(line: string, paint: (tone: "muted", text: string) => string): string {
  return paint("muted", withoutColour(line));
}
