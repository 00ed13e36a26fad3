/**
 * Splices: changes of a text by ranges. Those here put an entry into a map, put a value in the place
 * of another, or take an entry out with what belongs to it.
 *
 * @module
 */

import {
  beginsLine,
  behindColon,
  blockEnd,
  columnOf,
  commentsAbove,
  type EntryStyle,
  eolAt,
  hasComment,
  isBlankLine,
  memberStyleIn,
  type Style,
  styleOf,
} from "./style.ts";
import {
  type Entry,
  isNullNode,
  keyName,
  type MapNode,
  type YamlDocument,
  type YamlNode,
} from "./node.ts";
import {
  isFilled,
  renderChildren,
  renderEntry,
  renderInline,
  renderKey,
  renderScalar,
} from "./render.ts";
import type { YamlValue } from "./yaml_value.ts";

/** A change that cannot be made by splicing; the message completes "Cannot …: ". */
export class SpliceError extends Error {
  override readonly name = "SpliceError";
}

/** Adds an entry to a map that has entries. `inner` is the style of the value, if it is a map. */
export function insertEntry(
  document: YamlDocument,
  map: MapNode,
  { pair, inner, around }: {
    readonly pair: readonly [key: string, value: YamlValue];
    readonly inner: EntryStyle;
    readonly around: readonly MapNode[];
  },
): Splice[] {
  const member = memberStyleIn(document, map, around);
  const last = map.entries.at(-1)!;
  if (map.flow) return insertFlow(document, map, renderFlow(document, pair, member));
  const column = columnOf(document, last.key);
  // Above comments at the end of the map: whatever they say, they are not about the new entry.
  const end = blockEnd(document, last.value.end, column + 1);
  const style = { ...styleOf(document), eol: eolAt(document, end) };
  const [key, value] = pair;
  const options = { style, entry: isFilled(value) ? inner : member, column };
  const gap = separatesWithBlankLines(document, map) ? style.eol : "";
  const text = isFilled(value) && inner.flow
    ? `${renderKey(key, { ...options, entry: member })}: ${renderInline(value, options)}`
    : renderEntry(pair, options);
  return [insertAt(end, `${gap}${style.eol}${" ".repeat(column)}${text}`)];
}

/** Puts a value where an entry has none, or another. */
export function replaceValue(
  document: YamlDocument,
  entry: Entry,
  { value, inner, flowParent }: {
    readonly value: YamlValue;
    readonly inner: EntryStyle;
    readonly flowParent: boolean;
  },
): Splice[] {
  const old = entry.value;
  const colon = behindColon(document, entry);
  if (entry.explicit || colon === undefined) {
    throw new SpliceError("the key is written in a way k3s-tool does not edit");
  }
  const style = styleOf(document);
  const column = columnOf(document, entry.key);
  const asBlock = isFilled(value) && !flowParent && !inner.flow;
  const options = {
    style: { ...style, eol: eolAt(document, entry.key.start) },
    entry: { ...inner, flow: inner.flow || flowParent, quoteOf: () => quotesOf(old) },
    column,
  };
  if (!asBlock) return replaceInline(document, entry, renderInline(value, { ...options, key: "" }));

  const children = renderChildren(value, options);
  const { lines } = document;
  const keyLine = lines.endOf(lines.lineAt(colon));
  if (isNullNode(old) || old.end <= keyLine) {
    // The new lines go below the key's line, whose comment stays, and below comments inside.
    const end = isNullNode(old) ? blockEnd(document, colon, column + 1) : keyLine;
    return [...dropText(colon, old.end), insertAt(end, children)];
  }
  // What began on the key's line ends below it: its comment cannot be told from the value's.
  if (old.start < keyLine) return [{ start: colon, end: old.end, text: children }];
  return [{ start: keyLine, end: old.end, text: children }];
}

/** Puts another key in the place of one, in the same quotes. */
export function replaceKey(
  document: YamlDocument,
  map: MapNode,
  { entry: { key, explicit }, name }: { readonly entry: Entry; readonly name: string },
): Splice {
  const quote = quotesOf(key);
  if (explicit || quote === undefined && (key.kind !== "scalar" || key.style !== "plain")) {
    throw new SpliceError("the key is written in a way k3s-tool does not edit");
  }
  const text = renderScalar(name, {
    flow: map.flow,
    quote: quote ?? styleOf(document).quote,
    always: quote !== undefined,
  });
  return { start: key.start, end: key.end, text };
}

/** Writes a value into a file that holds nothing but comments, or nothing. */
export function fillRoot(document: YamlDocument, value: YamlValue): Splice[] {
  const { text, lines } = document;
  if (/^(?:\.\.\.|---)/m.test(text)) {
    throw new SpliceError("the file has document markers and nothing between them");
  }
  const style = styleOf(document);
  const entry = { flow: false, padded: false, quotedKeys: false, quoteOf: () => undefined };
  const body = renderChildren(value, { style, entry, column: -style.step });
  const last = lines.endOf(lines.count - 1);
  const newline = text.replace(/^\ufeff/, "") === "" || /[\r\n]$/.test(text);
  return [insertAt(last, newline ? body.slice(style.eol.length) + style.eol : body)];
}

function replaceInline(document: YamlDocument, entry: Entry, text: string): Splice[] {
  const old = entry.value;
  const colon = behindColon(document, entry)!;
  if (old.start === old.end) return [{ start: colon, end: old.end, text: ` ${text}` }];
  const { lines } = document;
  const sameLine = lines.lineAt(colon) === lines.lineAt(old.start);
  if (sameLine) return [{ start: old.start, end: old.end, text }];
  const keyLine = lines.endOf(lines.lineAt(colon));
  const comment = hasComment(document, colon, keyLine);
  if (!comment) return [{ start: colon, end: old.end, text: ` ${text}` }];
  return [insertAt(colon, ` ${text}`), { start: keyLine, end: old.end, text: "" }];
}

function insertFlow(document: YamlDocument, map: MapNode, text: string): Splice[] {
  const { lines } = document;
  const last = map.entries.at(-1)!;
  const end = Math.max(last.key.end, last.value.end);
  const close = map.end - 1;
  if (document.text[close] !== "}") throw new SpliceError("the map has no braces");
  const rest = document.text.slice(end, close);
  // A comma inside a comment is none.
  const comma = /^\s*,/.exec(rest);
  const behind = end + (comma?.[0].length ?? 0);
  const lastLine = lines.lineAt(behind);
  const ownLine = lines.lineAt(map.contentStart) !== lines.lineAt(last.key.start) &&
    lines.lineAt(close) !== lastLine;
  if (!ownLine) {
    if (hasComment(document, end, close)) throw new SpliceError("a comment is in the way");
    return [insertAt(behind, comma === null ? `, ${text}` : ` ${text}`)];
  }
  const indent = " ".repeat(columnOf(document, last.key));
  const line = `${eolAt(document, behind)}${indent}${text}${comma === null ? "" : ","}`;
  const at = lines.endOf(lastLine);
  if (comma !== null) return [insertAt(at, line)];
  return at === end ? [insertAt(end, `,${line}`)] : [insertAt(end, ","), insertAt(at, line)];
}

function renderFlow(
  document: YamlDocument,
  pair: readonly [string, YamlValue],
  member: EntryStyle,
): string {
  const style: Style = styleOf(document);
  return renderEntry(pair, { style, entry: { ...member, flow: true }, column: 0 });
}

/** True where blank lines part the last two entries. */
function separatesWithBlankLines(document: YamlDocument, map: MapNode): boolean {
  if (map.entries.length < 2) return false;
  const last = map.entries.at(-1)!;
  const line = document.lines.lineAt(last.key.start);
  return isBlankLine(document, commentsAbove(document, line, columnOf(document, last.key)) - 1);
}

function quotesOf(node: YamlNode): "single" | "double" | undefined {
  if (node.kind !== "scalar") return undefined;
  return node.style === "single" || node.style === "double" ? node.style : undefined;
}

function dropText(start: number, end: number): Splice[] {
  return start < end ? [{ start, end, text: "" }] : [];
}

function insertAt(offset: number, text: string): Splice {
  return { start: offset, end: offset, text };
}

/** Replaces what stands between two offsets. */
export interface Splice {
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
  readonly text: string;
}

/** The text with all splices applied; they speak of the text as it was and must not overlap. */
export function applySplices(text: string, splices: readonly Splice[]): string {
  const ordered = [...splices].sort((a, b) => a.start - b.start || a.end - b.end);
  let result = "";
  let done = 0;
  for (const splice of ordered) {
    if (splice.start < done) throw new Error("overlapping splices");
    result += text.slice(done, splice.start) + splice.text;
    done = splice.end;
  }
  return result + text.slice(done);
}

/**
 * Removes one entry; `parent` is the entry whose value the map is, undefined at the root. A map in
 * braces that loses its last entry stays as `{}`; one in lines leaves its key without a value, unless
 * the caller writes one.
 */
export function removeEntry(
  document: YamlDocument,
  map: MapNode,
  { entry, parent }: { readonly entry: Entry; readonly parent: Entry | undefined },
): Splice[] {
  if (entry.explicit) throw new SpliceError("the key is written in a way k3s-tool does not edit");
  if (map.flow) return removeFlow(document, map, entry);
  if (!beginsLine(document, entry.key.start)) {
    throw new SpliceError("it shares a line with another entry");
  }
  if (map.entries.length === 1 && parent !== undefined && map.start !== map.contentStart) {
    throw new SpliceError("it is the last of a map with an anchor");
  }
  return [removeLines(document, map, entry)];
}

/** True where a map holds a comment that is not inside its only entry, and would be lost with it. */
export function holdsComment(document: YamlDocument, map: MapNode, parent: Entry): boolean {
  const [entry] = map.entries;
  if (entry === undefined || hasComment(document, parent.key.end, entry.key.start)) return true;
  if (map.flow) return hasComment(document, entry.value.end, map.end);
  const own = blockEnd(document, entry.value.end, columnOf(document, entry.key) + 1);
  return blockEnd(document, entry.value.end, columnOf(document, parent.key) + 1) > own;
}

function removeLines(document: YamlDocument, map: MapNode, entry: Entry): Splice {
  const { lines, text } = document;
  const column = columnOf(document, entry.key);
  const keyLine = lines.lineAt(entry.key.start);
  // Comments deeper than the key speak of what is inside the entry.
  const lastLine = lines.lineAt(blockEnd(document, entry.value.end, column + 1));
  let first = keyLine;
  if (map.entries.length > 1) first = ownComments(document, map, { entry, keyLine });
  // A gap parts an entry from the one above; the last entry takes it along.
  const parted = entry === map.entries.at(-1) || isGapBelow(document, lastLine + 1);
  if (parted && isBlankLine(document, first - 1)) first--;
  const end = lines.startOf(lastLine + 1);
  // Without a line break at the end of the file, the one before the entry goes.
  if (lastLine + 1 >= lines.count && first > 0 && !/[\r\n]$/.test(text)) {
    return { start: lines.endOf(first - 1), end, text: "" };
  }
  return {
    start: lines.startOf(first) + (first === 0 && text.startsWith("\ufeff") ? 1 : 0),
    end,
    text: "",
  };
}

/**
 * The first of the comment lines above an entry that go with it: those that name it, and what
 * follows them. A line that names a neighbour, or is an entry that was commented out, stays.
 */
function ownComments(
  document: YamlDocument,
  map: MapNode,
  { entry, keyLine }: { readonly entry: Entry; readonly keyLine: number },
): number {
  const name = keyName(entry) ?? "";
  const others = new Set(map.entries.map(keyName).filter((other) => other !== name));
  const above = commentsAbove(document, keyLine, columnOf(document, entry.key));
  let first = keyLine;
  for (let line = keyLine - 1; line >= above; line--) {
    const text = document.lines.textOf(line);
    const words = text.split(/[^\w.-]+/).map((word) => word.replace(/\.+$/, ""));
    if (/^\s*#+\s*[\w.-]+:(?:\s|$)/.test(text) || words.some((word) => others.has(word))) break;
    if (words.includes(name)) first = line;
  }
  return first;
}

/** True where a gap follows already, so that the one above the entry would be a second one. */
function isGapBelow(document: YamlDocument, line: number): boolean {
  const { lines } = document;
  return line >= lines.count || lines.startOf(line) >= document.text.length ||
    isBlankLine(document, line);
}

function removeFlow(document: YamlDocument, map: MapNode, entry: Entry): Splice[] {
  const { text, lines } = document;
  const start = entry.key.start;
  const end = Math.max(entry.key.end, entry.value.end);
  const at = map.entries.indexOf(entry);
  const close = map.end - 1;
  if (text[close] !== "}") throw new SpliceError("the map has no braces");
  const next = map.entries[at + 1];
  const comma = /^\s*,/.exec(text.slice(end, next?.key.start ?? close));
  const behind = end + (comma?.[0].length ?? 0);
  const line = lines.lineAt(start);
  const alone = beginsLine(document, start) &&
    lines.lineAt(behind) < lines.lineAt(next?.key.start ?? close);
  if (alone) {
    // Whole lines; the comma of the entry before may stay, YAML allows it.
    return [{ start: lines.startOf(line), end: lines.startOf(lines.lineAt(behind) + 1), text: "" }];
  }
  if (next !== undefined) {
    if (hasComment(document, end, next.key.start)) {
      throw new SpliceError("a comment is in the way");
    }
    return [{ start, end: next.key.start, text: "" }];
  }
  const previous = map.entries[at - 1];
  if (previous === undefined) return [{ start, end: behind, text: "" }];
  const from = Math.max(previous.key.end, previous.value.end);
  if (hasComment(document, from, start)) return [{ start, end: behind, text: "" }];
  return [{ start: from, end, text: "" }];
}
