/**
 * Values as YAML text in a document's own style, which YAML 1.1 and 1.2 readers take for the same
 * values.
 *
 * @module
 */

import { DUMP_SCHEMA } from "js-yaml";
import type { EntryStyle, Style } from "./style.ts";
import { VaultValue, type YamlValue } from "./yaml_value.ts";

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

/** Quotes around a string. */
export type Quote = "single" | "double";

/** How a scalar is written. */
export interface ScalarOptions {
  /** Inside braces or brackets. */
  readonly flow: boolean;
  /** Used where a string needs quotes. */
  readonly quote: Quote;
  /** Quotes even where none are needed, as the neighbours have them. */
  readonly always?: boolean;
}

// Characters that mean nothing to YAML wherever they stand; words parted by single spaces.
const WORDS =
  /^[\p{L}\p{N}_./+][\p{L}\p{N}_./+@:=~%^$()&*!?;<>|-]*(?: [\p{L}\p{N}_./+@=~%^$()-][\p{L}\p{N}_./+@:=~%^$()&*!?;<>|-]*)*$/u;
const UNPRINTABLE = /[\p{Cc}\p{Cs}\u2028\u2029\ufeff\ufffe\uffff]/u;
const STRING_TAG = "tag:yaml.org,2002:str";

/** A scalar value as text. */
export function renderScalar(
  value: null | boolean | number | string,
  { flow, quote, always = false }: ScalarOptions,
): string {
  if (typeof value !== "string") return typeof value === "number" ? number(value) : String(value);
  if (!always && isPlain(value, flow)) return value;
  if (quote === "single" && !UNPRINTABLE.test(value)) return `'${value.replaceAll("'", "''")}'`;
  return doubleQuoted(value);
}

/** A string between double quotes, everything unprintable escaped. */
function doubleQuoted(value: string): string {
  // JSON's escapes are YAML's too; YAML forbids a few more characters to stand as they are.
  return JSON.stringify(value).replace(
    /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function isPlain(value: string, flow: boolean): boolean {
  if (!WORDS.test(value) || /:(?: |$)/.test(value)) return false;
  // PyYAML ends a plain text inside brackets at a question mark.
  if (flow && /\?|:$/.test(value)) return false;
  // Some readers of YAML 1.1 take a dot without digits for a number.
  if (/^[+-]?[\d_]*\.[\d_]*$/.test(value)) return false;
  return DUMP_SCHEMA.resolveImplicitScalarTag(value).tag.tagName === STRING_TAG;
}

function number(value: number): string {
  if (Number.isNaN(value)) return ".nan";
  if (!Number.isFinite(value)) return value > 0 ? ".inf" : "-.inf";
  const text = String(value);
  // YAML 1.1 knows an exponent only behind a fraction: 1e+21 would be a string.
  return /^-?\d+e/.test(text) ? text.replace("e", ".0e") : text;
}
