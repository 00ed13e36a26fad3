/**
 * An edited text read only where it changed: the entries around the splices are parsed by
 * themselves, all others are taken over from the tree before.
 *
 * It gives the very tree that reading the whole text would give (tests/yaml/part_test.ts).
 *
 * @module
 */

import { applySplices, type Splice } from "./splices.ts";
import { type Entry, keyName, type MapNode, type YamlDocument, type YamlNode } from "./node.ts";
import { Values } from "./read_value.ts";
import { parseYaml } from "./tree.ts";
import { LineIndex } from "./line_index.ts";
import type { YamlValue } from "./yaml_value.ts";

/** A document after splices, and what they changed. */
export interface ReadPart {
  readonly document: YamlDocument;
  /** How many maps the changed entries are deep in. */
  readonly depth: number;
  /** These entries as a map, before and after. */
  readonly before: YamlValue;
  readonly after: YamlValue;
}

/** Entries of a map, and the lines they stand on. */
interface Window {
  readonly first: number;
  /** Behind the last entry. */
  readonly next: number;
  readonly start: number;
  readonly end: number;
}

/**
 * Reads a text after its splices; undefined where it has to be read as a whole.
 *
 * @param maps maps around the splices, each within an entry of the one before, the root first
 */
export function readPart(
  document: YamlDocument,
  maps: readonly MapNode[],
  splices: readonly Splice[],
): ReadPart | undefined {
  if (document.entangled) return undefined;
  const windows = maps.map((map) => windowOf(document, map, splices));
  const depth = windows.findLastIndex((window) => window !== undefined);
  const [map, window] = [maps[depth], windows[depth]];
  if (map === undefined || window === undefined) return undefined;
  const text = applySplices(document.text, splices);
  const by = text.length - document.text.length;
  const inside = text.slice(window.start, window.end + by);
  if (/^(?:---|\.\.\.)/m.test(inside)) return undefined; // the document may end there
  const part = parseYaml(inside, document.file);
  const { root } = part;
  if (part.problems.length > 0 || part.entangled || root?.kind !== "map" || root.flow) return;
  // A tag or an anchor before the entries may stand farther left here than the whole text allows.
  if (root.start !== root.contentStart) return undefined;
  const column = document.lines.columnOf(map.contentStart);
  if (part.lines.columnOf(root.contentStart) !== column) return undefined;
  const others = [...map.entries.slice(0, window.first), ...map.entries.slice(window.next)];
  const names = new Set(root.entries.map(keyName));
  if (others.some((entry) => names.has(keyName(entry)))) return undefined;
  const contentStart = window.first > 0 ? map.contentStart : window.start + root.contentStart;
  const start = map.start < map.contentStart ? map.start : contentStart;
  let changed = withEntries({ ...map, start, contentStart }, [
    ...map.entries.slice(0, window.first),
    ...root.entries.map((entry) => moved(entry, window.start)),
    ...map.entries.slice(window.next).map((entry) => moved(entry, by)),
  ]);
  for (const [at, outer] of [...maps.slice(0, depth).entries()].reverse()) {
    const inner = maps[at + 1]!;
    let isBehind = false;
    changed = withEntries(
      outer,
      outer.entries.map((entry) => {
        if (isBehind) return moved(entry, by);
        isBehind = entry.value === inner;
        return isBehind ? { ...entry, value: changed } : entry;
      }),
    );
  }
  const touched = { ...map, entries: map.entries.slice(window.first, window.next) };
  return {
    document: { ...document, text, lines: new LineIndex(text), root: changed },
    depth,
    before: new Values(document).of(touched),
    after: new Values(part).of(root),
  };
}

/** The entries that splices touch or border on; undefined where they are not on lines of these alone. */
function windowOf(
  { lines, text }: YamlDocument,
  { entries, flow }: MapNode,
  splices: readonly Splice[],
): Window | undefined {
  const from = Math.min(...splices.map(({ start }) => start));
  const to = Math.max(...splices.map(({ end }) => end));
  const starts = entries.map(({ key }) => lines.startOf(lines.lineAt(key.start)));
  if (flow || starts[0] === undefined || from < starts[0]) return undefined;
  const first = Math.max(0, starts.findLastIndex((start) => start < from));
  const behind = starts.findIndex((start) => start > to);
  if (behind !== -1) return { first, next: behind, start: starts[first]!, end: starts[behind]! };
  const last = entries.at(-1)!.value.end;
  const end = lines.startOf(lines.lineAt(Math.max(to, last)) + 1);
  // Nothing but comments may stand between the last entry and what is added behind it.
  if (/^[ \t]*[^\s#]/m.test(text.slice(lines.endOf(lines.lineAt(last)), end))) return undefined;
  return { first, next: entries.length, start: starts[first]!, end };
}

function withEntries(map: MapNode, entries: readonly Entry[]): MapNode {
  return { ...map, entries, end: entries.at(-1)!.value.end };
}

function moved({ key, value, explicit }: Entry, by: number): Entry {
  return { key: movedNode(key, by), value: movedNode(value, by), explicit };
}

function movedNode(node: YamlNode, by: number): YamlNode {
  const { start, end } = node;
  const place = { start: start + by, end: end + by };
  if (by === 0 || node.kind === "alias") return node;
  if (node.kind === "scalar") return { ...node, ...place };
  const contentStart = node.contentStart + by;
  return node.kind === "map"
    ? { ...node, ...place, contentStart, entries: node.entries.map((each) => moved(each, by)) }
    : { ...node, ...place, contentStart, items: node.items.map((each) => movedNode(each, by)) };
}
