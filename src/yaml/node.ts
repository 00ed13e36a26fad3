/**
 * A YAML document as a tree of nodes that know their place in the text.
 *
 * @module
 */

import type { Problem } from "../errors/user_error.ts";
import type { LineIndex } from "./line_index.ts";

/** What every node has; offsets count UTF-16 code units of the text, the end is exclusive. */
interface NodeBase {
  /** Where the node begins, its anchor and tag included. */
  readonly start: number;
  /** Where its last content ends; a comment or line break after it is not part of it. */
  readonly end: number;
  /** Name after `&`. */
  readonly anchor?: string;
  /** As written, with its exclamation marks: `"!vault"`. */
  readonly tag?: string;
}

/** How a scalar is written; `empty` where there is a key and no value at all. */
export type ScalarStyle = "plain" | "single" | "double" | "block" | "empty";

/** A single value. */
export interface ScalarNode extends NodeBase {
  readonly kind: "scalar";
  readonly style: ScalarStyle;
  /** The text it stands for, quotes and escapes resolved. */
  readonly text: string;
}

/** `*name`. */
export interface AliasNode extends NodeBase {
  readonly kind: "alias";
  readonly name: string;
  /** The node of that anchor, as far as it was complete before the alias. */
  readonly target: YamlNode | undefined;
}

/** One `key: value` of a map. */
export interface Entry {
  readonly key: YamlNode;
  readonly value: YamlNode;
  /** Written as `? key`. */
  readonly explicit: boolean;
}

/** A map, as block or in braces. */
export interface MapNode extends NodeBase {
  readonly kind: "map";
  readonly flow: boolean;
  /** Where the first key or the brace stands; after anchor and tag. */
  readonly contentStart: number;
  readonly entries: readonly Entry[];
}

/** A sequence, as block or in brackets. */
export interface SeqNode extends NodeBase {
  readonly kind: "seq";
  readonly flow: boolean;
  /** Where the first dash or the bracket stands. */
  readonly contentStart: number;
  readonly items: readonly YamlNode[];
}

/** Any node. */
export type YamlNode = ScalarNode | AliasNode | MapNode | SeqNode;

/** A text and the one document in it. */
export interface YamlDocument {
  readonly file: string;
  readonly text: string;
  readonly lines: LineIndex;
  /** Undefined where the text holds nothing but comments, or where it is no YAML. */
  readonly root: YamlNode | undefined;
  /**
   * True where a part may depend on another one: anchors, aliases, merge keys, keys that are no single
   * value, block scalars that keep the blank lines below.
   */
  readonly entangled: boolean;
  /** Why it cannot be used; empty where it can. */
  readonly problems: readonly Problem[];
}

/** A key as the name Ansible sees; undefined for a key that is no scalar. */
export function keyName(entry: Entry): string | undefined {
  return entry.key.kind === "scalar" ? entry.key.text : undefined;
}

/** The entry of a name; a merge key is not followed. */
export function entryOf(map: MapNode, name: string): Entry | undefined {
  return map.entries.find((entry) => keyName(entry) === name);
}

/** True for a node that says nothing: no value, `null` or `~`. */
export function isNullNode(node: YamlNode): boolean {
  return node.kind === "scalar" && node.tag === undefined &&
    (node.style === "empty" || node.style === "plain" && /^(?:~|null|Null|NULL|)$/.test(node.text));
}
