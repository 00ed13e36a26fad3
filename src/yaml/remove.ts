/**
 * Splices that take an entry out of a map.
 *
 * @module
 */

import { type Splice, SpliceError } from "./insert.ts";
import {
  beginsLine,
  blockEnd,
  columnOf,
  commentsAbove,
  hasComment,
  isBlankLine,
} from "./layout.ts";
import { type Entry, keyName, type MapNode, type YamlDocument } from "./node.ts";

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
    throw new SpliceError("it does not stand on lines of its own");
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
      throw new SpliceError("a comment stands in its way");
    }
    return [{ start, end: next.key.start, text: "" }];
  }
  const previous = map.entries[at - 1];
  if (previous === undefined) return [{ start, end: behind, text: "" }];
  const from = Math.max(previous.key.end, previous.value.end);
  if (hasComment(document, from, start)) return [{ start, end: behind, text: "" }];
  return [{ start: from, end, text: "" }];
}
