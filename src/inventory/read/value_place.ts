/**
 * Where a part of a variable's value is in its file.
 *
 * @module
 */

import type { YamlNode } from "../../yaml/node.ts";
import { Values } from "../../yaml/read_value.ts";
import type { Place } from "../../errors/user_error.ts";
import type { SourcedVariable } from "./variables.ts";

/**
 * The node of a part of a value; the map that lacks it where it is missing, undefined where there is
 * no such item.
 *
 * @param key whether the part's key is meant
 */
export function nodeAt(
  node: YamlNode,
  { path, key, values }: {
    readonly path: readonly string[];
    readonly key: boolean;
    readonly values: Values;
  },
): YamlNode | undefined {
  const [first, ...rest] = path;
  if (first === undefined) return node;
  const target = values.target(node);
  if (target.kind === "seq") {
    const item = target.items[Number(first)];
    return item === undefined ? undefined : nodeAt(item, { path: rest, key, values });
  }
  if (target.kind !== "map") return node;
  const entry = values.effectiveEntries(target).get(first);
  // A key that is missing: the map it is missing from.
  if (entry === undefined) return node;
  if (key && rest.length === 0) return entry.key;
  return nodeAt(entry.value, { path: rest, key, values });
}

/** The place of a part of a variable's value; of the whole variable where the part is not written. */
export function placeOf(variable: SourcedVariable, path: readonly string[]): Place {
  const { document } = variable;
  const node = nodeAt(variable.node, { path, key: false, values: new Values(document) });
  return node === undefined || node.start === node.end
    ? variable.where
    : document.lines.place(document.file, node.start);
}
