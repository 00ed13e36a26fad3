/**
 * Where things stand around a node: line ends, comments that belong to it, its colon.
 *
 * @module
 */

import type { Entry, YamlDocument, YamlNode } from "./node.ts";

const COMMENT = /^( *)#/;
const BLANK = /^[ \t]*$/;

/** Column of a node, from 0. */
export function columnOf(document: YamlDocument, node: YamlNode): number {
  return document.lines.columnOf(node.start);
}

/** The offset behind an entry's colon; undefined where it is written without one. */
export function behindColon(document: YamlDocument, entry: Entry): number | undefined {
  let at = entry.key.end;
  while (document.text[at] === " " || document.text[at] === "\t") at++;
  return document.text[at] === ":" ? at + 1 : undefined;
}

/**
 * The end of the last line of a block that ends at `offset`: comment lines below it that are
 * indented by `column` or more belong to the block, blank lines between them too.
 */
export function blockEnd(document: YamlDocument, offset: number, column: number): number {
  const { lines } = document;
  const last = lines.lineAt(offset);
  let end = last;
  for (let line = last + 1; line < lines.count; line++) {
    const text = lines.textOf(line);
    const comment = COMMENT.exec(text);
    if (comment !== null && comment[1]!.length >= column) end = line;
    else if (!BLANK.test(text)) break;
  }
  return lines.endOf(end);
}

/** True where nothing but white space stands before an offset on its line. */
export function beginsLine(document: YamlDocument, offset: number): boolean {
  const { lines, text } = document;
  const before = text.slice(lines.startOf(lines.lineAt(offset)), offset);
  return /^\ufeff?[ \t]*$/.test(before);
}

/** The first of the comment lines directly above a line, at the same column; else the line. */
export function commentsAbove(document: YamlDocument, line: number, column: number): number {
  let first = line;
  while (first > 0) {
    const comment = COMMENT.exec(document.lines.textOf(first - 1));
    if (comment === null || comment[1]!.length !== column) break;
    first--;
  }
  return first;
}

/** True for a line of white space; a line outside the text is none. */
export function isBlankLine(document: YamlDocument, line: number): boolean {
  return line >= 0 && line < document.lines.count && BLANK.test(document.lines.textOf(line));
}

/** True where a comment stands between two offsets. */
export function hasComment(document: YamlDocument, start: number, end: number): boolean {
  return /(?:^|\s)#/.test(document.text.slice(start, end));
}
