/**
 * Values as YAML text in a document's own style.
 *
 * @module
 */

import { VaultValue, type YamlValue } from "./yaml_value.ts";
import { doubleQuoted, type Quote, renderScalar } from "./scalar.ts";
import type { EntryStyle, Style } from "./style.ts";

/** Where and how a value is written. */
export interface RenderOptions {
  readonly style: Style;
  readonly entry: EntryStyle;
  /** Column of the keys, for block style. */
  readonly column: number;
}

/** `key: value`, without the indentation of its first line and without a line break at its end. */
export function renderEntry(
  [key, value]: readonly [key: string, value: YamlValue],
  options: RenderOptions,
): string {
  const name = renderKey(key, options);
  if (options.entry.flow || !isFilled(value)) {
    return `${name}: ${renderInline(value, { ...options, key })}`;
  }
  return `${name}:${renderChildren(value, options)}`;
}

/** A value on the key's own line. */
export function renderInline(
  value: YamlValue,
  { key, ...options }: RenderOptions & { readonly key?: string },
): string {
  const { style, entry } = options;
  if (Array.isArray(value)) {
    const items = (value as readonly YamlValue[]).map((item) => renderInline(item, options));
    return `[${items.join(", ")}]`;
  }
  if (value instanceof VaultValue) throw new TypeError("an encrypted value cannot be written");
  if (typeof value === "object" && value !== null) {
    const flow = { ...options, entry: { ...entry, flow: true } };
    const pairs = Object.entries(value as Record<string, YamlValue>)
      .map((pair) => renderEntry(pair, flow));
    if (pairs.length === 0) return "{}";
    return entry.padded ? `{ ${pairs.join(", ")} }` : `{${pairs.join(", ")}}`;
  }
  const scalar = value as null | boolean | number | string;
  const same: Quote | undefined = entry.quotedKeys
    ? "double"
    : key === undefined
    ? undefined
    : entry.quoteOf(key);
  return renderScalar(scalar, {
    flow: entry.flow,
    quote: same ?? style.quote,
    always: same !== undefined,
  });
}

/** A map's or list's own lines below the key at `column`, each beginning with a line break. */
export function renderChildren(value: YamlValue, options: RenderOptions): string {
  const { style, column } = options;
  if (Array.isArray(value)) {
    const at = column + style.listStep;
    return (value as readonly YamlValue[]).map((item) =>
      `${style.eol}${" ".repeat(at)}- ${renderItem(item, { ...options, column: at + 2 })}`
    ).join("");
  }
  const at = column + style.step;
  return Object.entries(value as Record<string, YamlValue>).map((pair) =>
    `${style.eol}${" ".repeat(at)}${renderEntry(pair, { ...options, column: at })}`
  ).join("");
}

/** True for a map or list that has members. */
export function isFilled(value: YamlValue): boolean {
  return typeof value === "object" && value !== null && !(value instanceof VaultValue) &&
    Object.keys(value).length > 0;
}

function renderItem(item: YamlValue, options: RenderOptions): string {
  if (!isFilled(item)) return renderInline(item, options);
  const inline = { ...options, entry: { ...options.entry, flow: true } };
  if (Array.isArray(item)) return renderInline(item, inline);
  const pairs = Object.entries(item as Record<string, YamlValue>);
  const next = options.style.eol + " ".repeat(options.column);
  return pairs.map((pair) => renderEntry(pair, options)).join(next);
}

/** A key, quoted where it must be or where the neighbours are. */
export function renderKey(key: string, { entry, style }: RenderOptions): string {
  if (entry.quotedKeys) return doubleQuoted(key);
  return renderScalar(key, { flow: entry.flow, quote: style.quote });
}
