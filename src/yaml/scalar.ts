/**
 * Values as YAML scalars that YAML 1.1 and 1.2 readers take for the same value.
 *
 * @module
 */

import { DUMP_SCHEMA } from "js-yaml";

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
export function doubleQuoted(value: string): string {
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
