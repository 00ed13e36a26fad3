/**
 * How a document is written and where things stand in it (line ends, comments, colons), so that what is
 * added looks like what is there.
 *
 * @module
 */

import { type Entry, keyName, type MapNode, type YamlDocument, type YamlNode } from "./node.ts";
import type { Quote } from "./render.ts";

/** Habits of a document. */
export interface Style {
  readonly eol: string;
  /** Spaces a nested map is indented by. */
  readonly step: number;
  /** Spaces a list in a map is indented by; 0 is common. */
  readonly listStep: number;
  readonly quote: Quote;
}

/** How one map's neighbours are written. */
export interface EntryStyle {
  readonly flow: boolean;
  /** `{ a: b }` instead of `{a: b}`. */
  readonly padded: boolean;
  /** Keys in double quotes, as in JSON. */
  readonly quotedKeys: boolean;
  /** Quotes that the neighbours' value of the same key has. */
  readonly quoteOf: (key: string) => Quote | undefined;
}

/** Line break of the line an offset is in, else of the document's first line. */
export function eolAt(document: YamlDocument, offset: number): string {
  const { lines, text } = document;
  const of = (line: number) => text.slice(lines.endOf(line), lines.startOf(line + 1));
  return of(lines.lineAt(offset)) || of(Math.max(0, lines.lineAt(offset) - 1)) || of(0) || "\n";
}

/** The habits of a whole document; YAML's usual ones where it shows none. */
export function styleOf(document: YamlDocument): Style {
  const { lines } = document;
  const steps = new Map<number, number>();
  let listStep: number | undefined;
  let single = 0;
  let double = 0;
  const visit = (node: YamlNode) => {
    if (node.kind === "scalar") {
      if (node.style === "single") single++;
      else if (node.style === "double") double++;
    } else if (node.kind === "seq") {
      for (const item of node.items) visit(item);
    } else if (node.kind === "map") {
      for (const { key, value } of node.entries) {
        const isBlock = (value.kind === "map" || value.kind === "seq") && !value.flow && !node.flow;
        // Before what is inside is visited: lines are found faster in their order.
        const outer = isBlock ? lines.columnOf(key.start) : 0;
        const step = isBlock ? lines.columnOf(value.contentStart) - outer : 0;
        visit(value);
        if (!isBlock) continue;
        if (value.kind === "map" && step > 0) steps.set(step, (steps.get(step) ?? 0) + 1);
        if (value.kind === "seq" && step >= 0) listStep ??= step;
      }
    }
  };
  if (document.root !== undefined) visit(document.root);
  const [common] = [...steps].sort((a, b) => b[1] - a[1]);
  const step = common?.[0] ?? 2;
  return {
    eol: eolAt(document, 0),
    step,
    listStep: listStep ?? step,
    quote: single > double ? "single" : "double",
  };
}

/** How a new value beside the values of `map` is written. */
export function entryStyleIn(document: YamlDocument, map: MapNode): EntryStyle {
  const siblings = map.entries.map((entry) => entry.value).reverse()
    .filter((value): value is MapNode => value.kind === "map" && value.entries.length > 0);
  const [model] = siblings;
  const flow = map.flow || (model?.flow ?? false);
  return entryStyle(document, { flow, model: model ?? map, siblings });
}

/** How a new entry of `map` is written; `around` are the maps beside it. */
export function memberStyleIn(
  document: YamlDocument,
  map: MapNode,
  around: readonly MapNode[] = [],
): EntryStyle {
  return entryStyle(document, { flow: map.flow, model: map, siblings: around });
}

function entryStyle(
  document: YamlDocument,
  { flow, model, siblings }: {
    readonly flow: boolean;
    readonly model: MapNode;
    readonly siblings: readonly MapNode[];
  },
): EntryStyle {
  const { text } = document;
  const first = model.entries[0]?.key;
  return {
    flow,
    padded: model.flow && model.entries.length > 0 && text[model.contentStart + 1] === " ",
    quotedKeys: model.flow && first?.kind === "scalar" && first.style === "double",
    quoteOf: (key) => {
      for (const sibling of siblings) {
        const value = sibling.entries.find((entry) => keyName(entry) === key)?.value;
        if (value?.kind !== "scalar") continue;
        return value.style === "single" || value.style === "double" ? value.style : undefined;
      }
      return undefined;
    },
  };
}

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
