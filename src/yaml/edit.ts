/**
 * Changes of a YAML document that keep every byte they are not about.
 *
 * Pure: document in, document out. Each result is read again, where it can be only around the change,
 * and must hold the change asked for and nothing else, so that an odd layout can at worst lead to a
 * refusal.
 *
 * @module
 */

import { usageError, type UserError } from "../errors/user_error.ts";
import type { YamlValue } from "./yaml_value.ts";
import {
  applySplices,
  fillRoot,
  holdsComment,
  insertEntry,
  removeEntry,
  replaceKey,
  replaceValue,
  type Splice,
  SpliceError,
} from "./splices.ts";
import {
  type Entry,
  entryOf,
  isNullNode,
  keyName,
  type MapNode,
  type YamlDocument,
  type YamlNode,
} from "./node.ts";
import { behindColon, type EntryStyle, entryStyleIn } from "./style.ts";
import { readPart } from "./part.ts";
import { parseYaml } from "./tree.ts";
import { isMapValue, rootValue, sameValue, UnfoldError, Values } from "./read_value.ts";

/** Keys whose members are alike, so that a new member takes the layout of the others. */
const ALIKE = ["hosts", "children"];

/** Sets the value at a path, making the maps on the way. @throws {UserError} exit code 2 */
export function setIn(
  document: YamlDocument,
  path: readonly string[],
  value: YamlValue,
): YamlDocument {
  return edited(document, path, { value, splices: () => setSplices(document, path, value) });
}

/**
 * Removes the entry at a path; the same document where it is not there.
 *
 * @param options.keep keys of the path that stay: maps below them go with their last entry, unless
 *   a comment in them would be lost. Default: all but the last key
 * @throws {UserError} exit code 2
 */
export function removeIn(
  document: YamlDocument,
  path: readonly string[],
  { keep = path.length - 1 }: { readonly keep?: number } = {},
): YamlDocument {
  if (!has(document, path)) return document;
  const { maps, entries } = follow(document, path);
  let length = path.length;
  const isOnly = () => maps[length - 1]!.entries.length === 1;
  while (
    length - 1 > keep && isOnly() &&
    !holdsComment(document, maps[length - 1]!, entries[length - 2]!)
  ) length--;
  const gone = path.slice(0, length);
  const map = maps[length - 1]!;
  const parent = entries[length - 2];
  const splices = () => removeSplices(document, gone);
  if (!isOnly() || map.flow) return edited(document, gone, { value: undefined, splices });
  // A group without hosts says so; where a comment stands for them, nothing is added.
  const shown = parent !== undefined && keyName(parent) === "hosts" &&
    !holdsComment(document, map, parent);
  return edited(document, gone.slice(0, -1), {
    value: shown ? {} : null,
    splices: () => {
      const colon = shown ? behindColon(document, parent) : undefined;
      const braces = colon === undefined ? [] : [{ start: colon, end: colon, text: " {}" }];
      return [...braces, ...splices()];
    },
  });
}

/**
 * Gives the entry at a path another key, in its place; the same document where there is no such entry.
 *
 * @throws {UserError} exit code 2
 */
export function renameIn(
  document: YamlDocument,
  path: readonly string[],
  name: string,
): YamlDocument {
  if (!has(document, path)) return document;
  const { maps, entries } = follow(document, path);
  const [key, map] = [path.at(-1)!, maps.at(-1)!];
  const members = new Values(document).of(map);
  const { [key]: value = null, ...others } = isMapValue(members) ? members : {};
  return edited(document, path.slice(0, -1), {
    value: { ...others, [name]: value },
    splices: () => [replaceKey(document, map, { entry: entries.at(-1)!, name })],
    about: path,
  });
}

/** Steps from the root to where a path leads or breaks off. */
interface Trail {
  /** Maps passed, the root first; as many as keys that were found, and one where one was not. */
  readonly maps: readonly MapNode[];
  readonly entries: readonly Entry[];
}

function follow(document: YamlDocument, path: readonly string[]): Trail {
  const maps: MapNode[] = [];
  const entries: Entry[] = [];
  let node: YamlNode | undefined = document.root;
  for (const key of path) {
    if (node?.kind !== "map") break;
    maps.push(node);
    const entry = entryOf(node, key);
    if (entry === undefined) break;
    entries.push(entry);
    node = entry.value;
  }
  return { maps, entries };
}

function has(document: YamlDocument, path: readonly string[]): boolean {
  return follow(document, path).entries.length === path.length;
}

function setSplices(document: YamlDocument, path: readonly string[], value: YamlValue): Splice[] {
  const { root } = document;
  if (root === undefined) return fillRoot(document, wrap(path, value));
  if (root.kind !== "map") throw new SpliceError("the file is not a map");
  const { maps, entries } = follow(document, path);
  const found = entries.length;
  const map = maps.at(-1)!;
  const around = neighbours(maps, entries);
  const last = entries.at(-1);
  if (found === path.length) return replaceAt(document, { maps, entries, path, value });
  const key = path[found]!;
  const rest = wrap(path.slice(found + 1), value);
  if (maps.length === found) {
    // The path breaks off at a value that is no map.
    refuseUnlessNull(last!.value, path.slice(0, found));
    return replaceAt(document, { maps, entries, path, value: { [key]: rest } });
  }
  if (map.entries.length === 0 && last !== undefined) {
    const outer = { maps: maps.slice(0, -1), entries, path, value: { [key]: rest } };
    return replaceAt(document, outer);
  }
  if (map.entries.length === 0) throw new SpliceError("the file holds an empty map");
  const inherited = new Values(document).effectiveEntries(map).get(key);
  if (inherited !== undefined && path.length > found + 1) {
    throw new SpliceError(`${key} comes from a merge key (<<); set it as a whole`);
  }
  const inner = innerStyle({ document, map, key, around, parentKey: path[found - 1] });
  return insertEntry(document, map, { pair: [key, rest], inner, around });
}

function replaceAt(
  document: YamlDocument,
  { maps, entries, path, value }: Trail & {
    readonly path: readonly string[];
    readonly value: YamlValue;
  },
): Splice[] {
  const map = maps.at(-1)!;
  const at = entries.length - 1;
  const around = neighbours(maps, entries.slice(0, -1));
  const options = { document, map, key: path[at]!, around, parentKey: path[at - 1] };
  return replaceValue(document, entries[at]!, {
    value,
    inner: innerStyle(options),
    flowParent: map.flow,
  });
}

function removeSplices(document: YamlDocument, path: readonly string[]): Splice[] {
  const { maps, entries } = follow(document, path);
  const map = maps.at(-1)!;
  return removeEntry(document, map, { entry: entries.at(-1)!, parent: entries.at(-2) });
}

/** Maps that stand beside the innermost one: other hosts, for a host's variables. */
function neighbours(maps: readonly MapNode[], entries: readonly Entry[]): MapNode[] {
  const own = maps.at(-1);
  const outer = maps.at(-2);
  if (outer === undefined || entries.length === 0) return [];
  return outer.entries.map((entry) => entry.value).reverse()
    .filter((node): node is MapNode => node.kind === "map" && node !== own);
}

/** Whether a map that is written in `map` goes on one line, as its like do. */
function innerStyle(
  { document, map, key, around, parentKey }: {
    readonly document: YamlDocument;
    readonly map: MapNode;
    readonly key: string;
    readonly around: readonly MapNode[];
    readonly parentKey: string | undefined;
  },
): EntryStyle {
  const style = entryStyleIn(document, map);
  if (map.flow || (parentKey !== undefined && ALIKE.includes(parentKey))) return style;
  const own = entryOf(map, key)?.value;
  const like = around.map((each) => entryOf(each, key)?.value);
  const model = [own, ...like].find((node) =>
    node !== undefined && (node.kind === "map" && node.entries.length > 0 ||
      node.kind === "seq" && node.items.length > 0)
  );
  return { ...style, flow: (model?.kind === "map" || model?.kind === "seq") && model.flow };
}

function refuseUnlessNull(node: YamlNode, path: readonly string[]): void {
  if (isNullNode(node) && node.anchor === undefined) return;
  const name = path.join(".");
  if (node.kind === "alias") throw new SpliceError(`${name} is the alias *${node.name}`);
  if (node.kind === "seq") throw new SpliceError(`${name} is a list; set it as a whole`);
  throw new SpliceError(`${name} already has a value`);
}

function edited(
  document: YamlDocument,
  path: readonly string[],
  { value, splices, about = path }: {
    readonly value: YamlValue | undefined;
    readonly splices: () => readonly Splice[];
    /** What a refusal names. */
    readonly about?: readonly string[];
  },
): YamlDocument {
  const { maps, entries } = follow(document, path);
  try {
    const current = entries.length === path.length ? entries.at(-1)?.value : undefined;
    if (current !== undefined && sameValue(new Values(document).of(current), value)) {
      return document;
    }
    const part = readPart(document, maps, splices());
    if (
      part !== undefined &&
      sameValue(part.after, changed(part.before, path.slice(part.depth), value))
    ) return part.document;
    const before = rootValue(document);
    const expected = changed(before, path, value);
    if (value !== undefined && sameValue(before, expected)) return document;
    const after = parseYaml(applySplices(document.text, splices()), document.file);
    const result = after.problems.length > 0 ? undefined : rootValue(after);
    if (result === undefined || !sameValue(result, expected)) {
      throw new SpliceError(
        "this would change other values too, because of a YAML alias or an unusual layout",
      );
    }
    return after;
  } catch (error) {
    if (error instanceof SpliceError || error instanceof UnfoldError) {
      throw refusal(document, about, error);
    }
    throw error;
  }
}

function refusal(document: YamlDocument, path: readonly string[], cause: Error): UserError {
  const last = follow(document, path).entries.at(-1);
  const where = last === undefined
    ? { file: document.file }
    : document.lines.place(document.file, last.key.start);
  return usageError(`Cannot change ${path.join(".")}: ${cause.message}; nothing was written`, {
    where,
    hint: "Change this place with an editor, then look at it with: k3s-tool config validate",
    cause,
  });
}

/** What a value is after the change, the maps on the way made where they are missing. */
function changed(
  before: YamlValue,
  path: readonly string[],
  value: YamlValue | undefined,
): YamlValue {
  const [key, ...rest] = path;
  if (key === undefined) return value ?? null;
  const map = isMapValue(before) ? before : {};
  if (value === undefined && rest.length === 0) {
    return Object.fromEntries(Object.entries(map).filter(([name]) => name !== key));
  }
  const inner = Object.hasOwn(map, key) ? map[key]! : null;
  return { ...map, [key]: changed(inner, rest, value) };
}

function wrap(path: readonly string[], value: YamlValue): YamlValue {
  return path.reduceRight<YamlValue>((inner, key) => ({ [key]: inner }), value);
}
