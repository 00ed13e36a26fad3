/**
 * Nodes of a YAML document as values, with aliases and merge keys followed.
 *
 * @module
 */

import { YAML11_SCHEMA } from "js-yaml";
import type { Problem } from "../errors/user_error.ts";
import { VaultValue, type YamlValue } from "./yaml_value.ts";
import {
  type AliasNode,
  type Entry,
  keyName,
  type MapNode,
  type ScalarNode,
  type YamlDocument,
  type YamlNode,
} from "./node.ts";

/** Nodes that aliases may unfold to; a file that needs more is an attack or an accident. */
const MAX_UNFOLDED = 1_000_000;

/** A value that cannot be made, and where. */
export class UnfoldError extends Error {
  override readonly name = "UnfoldError";

  constructor(readonly problem: Problem) {
    super(problem.message);
  }
}

const ROOT_VALUES = new WeakMap<YamlDocument, YamlValue>();

/**
 * The value of a whole document, made once; null where it is empty.
 *
 * @throws {UnfoldError} for an alias that leads nowhere
 */
export function rootValue(document: YamlDocument): YamlValue {
  let value = ROOT_VALUES.get(document);
  if (value === undefined) {
    value = document.root === undefined ? null : new Values(document).of(document.root);
    ROOT_VALUES.set(document, value);
  }
  return value;
}

/** Finds what is wrong with a document's aliases. @throws {UnfoldError} where its value cannot be made */
export function requireUnfoldable(document: YamlDocument): void {
  if (document.entangled) rootValue(document);
}

/** Makes values of one document's nodes. */
export class Values {
  #unfolded = 0;

  constructor(private readonly document: YamlDocument) {}

  /** The value of a node. @throws {UnfoldError} for an alias that leads nowhere */
  of(node: YamlNode): YamlValue {
    if (++this.#unfolded > MAX_UNFOLDED) {
      throw this.#error(node, `aliases unfold to more than ${MAX_UNFOLDED} values`);
    }
    switch (node.kind) {
      case "scalar":
        return scalarValue(node);
      case "alias":
        return this.of(this.target(node));
      case "seq":
        return node.items.map((item) => this.of(item));
      case "map": {
        const entries = this.effectiveEntries(node);
        return Object.fromEntries(
          Array.from(entries, ([name, { value }]) => [name, this.of(value)] as const),
        );
      }
    }
  }

  /** The node an alias stands for; other nodes stand for themselves. */
  target(node: YamlNode): Exclude<YamlNode, AliasNode> {
    if (node.kind !== "alias") return node;
    if (node.target === undefined) throw this.#error(node, `the alias *${node.name} has no anchor`);
    return this.target(node.target);
  }

  /** The entries of a map by name, those of merge keys included, its own winning. */
  effectiveEntries(map: MapNode): Map<string, Entry> {
    const own = new Map<string, Entry>();
    let merges: Entry[] | undefined;
    for (const entry of map.entries) {
      const name = keyName(entry);
      if (name === undefined) throw this.#error(entry.key, "a key that is not a single value");
      if (isMergeKey(entry)) (merges ??= []).push(entry);
      else own.set(name, entry);
    }
    for (const { value } of merges ?? []) {
      for (const [key, entry] of this.#mergeSource(value)) if (!own.has(key)) own.set(key, entry);
    }
    return own;
  }

  #mergeSource(node: YamlNode): Map<string, Entry> {
    const target = this.target(node);
    if (target.kind === "map") return this.effectiveEntries(target);
    if (target.kind !== "seq") throw this.#error(node, "<< merges maps only");
    const all = new Map<string, Entry>();
    for (const item of target.items) {
      for (const [key, value] of this.#mergeSource(item)) if (!all.has(key)) all.set(key, value);
    }
    return all;
  }

  #error(node: YamlNode, message: string): UnfoldError {
    const { file, lines } = this.document;
    return new UnfoldError({ message, where: lines.place(file, node.start) });
  }
}

/** True for `<<`, written plain. */
function isMergeKey(entry: Entry): boolean {
  return entry.key.kind === "scalar" && entry.key.style === "plain" && entry.key.text === "<<";
}

/** What a scalar stands for by YAML 1.1, which PyYAML and so Ansible follow. */
function scalarValue(node: ScalarNode): YamlValue {
  const { tag, text, style } = node;
  if (tag !== undefined && tag !== "!") {
    if (tag === "!!str" || tag === "!unsafe" || tag === "!!binary") return text;
    if (!tag.startsWith("!!")) return new VaultValue(tag, text);
  }
  if (tag === "!" || (style !== "plain" && style !== "empty")) return text;
  return plainValue(text);
}

/** What a plain text stands for: `yes` is true, `010` is 8, `2024-01-01` stays as written. */
export function plainValue(text: string): YamlValue {
  // PyYAML departs from YAML 1.1 here: `y`, `n`, `+.5`, `._1` and `01:30` are text.
  if (/^(?:[yYnN]|[+-]\.\d.*|\._.*|0\d*(?::\d+)+)$/.test(text)) return text;
  const { value } = YAML11_SCHEMA.resolveImplicitScalarTag(text);
  if (value === null || typeof value === "boolean" || typeof value === "number") return value;
  return text;
}

/** A date, as PyYAML's resolver knows one (`yaml/resolver.py`, 6.0). */
const DATE =
  /^\d{4}-(?:\d\d-\d\d|\d\d?-\d\d?(?:[Tt]|[ \t]+)\d\d?:\d\d:\d\d(?:\.\d*)?(?:[ \t]*(?:Z|[-+]\d\d?(?::\d\d)?))?)$/;

/** True for what Ansible reads as a date; here it is text. */
export function isDate({ tag, style, text }: ScalarNode): boolean {
  return tag === undefined && style === "plain" && DATE.test(text);
}

/** What Ansible reads a name as that is no text to it; undefined where it is one. */
export function notText(node: ScalarNode): string | undefined {
  const { tag, style, text } = node;
  if (tag !== undefined || (style !== "plain" && style !== "empty")) return undefined;
  if (isDate(node)) return "a date";
  const value = plainValue(text);
  if (typeof value === "boolean") return `the boolean ${value}`;
  return typeof value === "number" ? "a number" : value === null ? "nothing" : undefined;
}

/** Deep equality of values; numbers by `Object.is`, encrypted ones by their text. */
export function sameValue(a: YamlValue | undefined, b: YamlValue | undefined): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (a instanceof VaultValue || b instanceof VaultValue) {
    return a instanceof VaultValue && b instanceof VaultValue && a.tag === b.tag &&
      a.text === b.text;
  }
  if (Array.isArray(a) || Array.isArray(b)) {
    return Array.isArray(a) && Array.isArray(b) && a.length === b.length &&
      a.every((item, index) => sameValue(item, b[index]));
  }
  const left = a as { readonly [key: string]: YamlValue };
  const right = b as { readonly [key: string]: YamlValue };
  const keys = Object.keys(left);
  return keys.length === Object.keys(right).length &&
    keys.every((key) => Object.hasOwn(right, key) && sameValue(left[key], right[key]));
}

/** True for a map of values; not for a list or an encrypted value. */
export function isMapValue(
  value: YamlValue | undefined,
): value is { readonly [key: string]: YamlValue } {
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    !(value instanceof VaultValue);
}
