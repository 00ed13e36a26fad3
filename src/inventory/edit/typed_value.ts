/**
 * Values typed on a command line as YAML values.
 *
 * @module
 */

import type * as z from "zod/mini";
import { hideSecrets, isSecretName } from "../../errors/secrets.ts";
import { usageError } from "../../errors/user_error.ts";
import type { KeyPath } from "./key_path.ts";
import type { YamlValue } from "../../yaml/yaml_value.ts";
import { VARIABLE_SCHEMAS } from "../schema.ts";
import type { ValueType } from "../model.ts";

/**
 * The type a value is meant to have: the schema's, else that of the value it replaces, else what it
 * looks like (`true`, `42`, `{…}`, `[…]`).
 */
export function inferType(
  text: string,
  { key, current }: { readonly key: KeyPath; readonly current: YamlValue | undefined },
): ValueType {
  const schema = VARIABLE_SCHEMAS.get(key.variable);
  // What is inside a known variable, such as the value of a label, is text.
  if (schema !== undefined) return key.members.length > 0 ? "string" : typeOf(schema);
  if (typeof current === "string") return "string";
  if (typeof current === "boolean" && isBool(text)) return "bool";
  if (typeof current === "number" && /^[+-]?\d+$/.test(text)) return "int";
  if (/^(?:true|false)$/.test(text)) return "bool";
  if (/^(?:0|-?[1-9]\d{0,14})$/.test(text)) return "int";
  if (/^(?:\{[^{%]|\{\}|\[)/.test(text) && isJson(text)) return "json";
  return "string";
}

/** What a schema accepts; of alternatives the first, which is the one to write. */
function typeOf(schema: z.ZodMiniType): ValueType {
  const { def } = (schema as unknown as z.core.$ZodTypes)._zod;
  switch (def.type) {
    case "optional":
      return typeOf(def.innerType as z.ZodMiniType);
    case "union":
      return typeOf(def.options[0] as z.ZodMiniType);
    case "boolean":
      return "bool";
    case "number":
      return "int";
    case "array":
    case "record":
    case "object":
      return "json";
    default:
      return "string";
  }
}

/** How the value of a variable is written that is no single word. */
const EXAMPLES: Readonly<Record<string, (text: string) => string>> = {
  node_labels: () => '{"disk": "ssd"}',
  node_annotations: () => '{"example.com/owner": "me"}',
  node_taints: () => '[{"key": "gpu", "effect": "NoSchedule"}]',
  storage_paths: () => '[{"path": "/srv/fast", "class": "fast"}]',
  k3s_tls_san: wordsAsList,
  k3s_disable: wordsAsList,
};

/**
 * Reads a text as a type.
 *
 * @param key the variable it is for: the error does not repeat a secret
 * @throws {UserError} exit code 2
 */
export function readTyped(text: string, type: ValueType, key: KeyPath): YamlValue {
  const badValue = (expected: string, more: { reason?: string; hint?: string } = {}) =>
    wrongType(text, { expected, ...more, key });
  switch (type) {
    case "string":
      return text;
    case "int":
      if (/^[+-]?\d+$/.test(text) && Number.isSafeInteger(Number(text))) return Number(text);
      throw badValue("a whole number");
    case "bool":
      if (isBool(text)) return /^(?:true|yes|on)$/i.test(text);
      throw badValue("true or false");
    case "json":
      try {
        return JSON.parse(text) as YamlValue;
      } catch (error) {
        const example = key.members.length > 0 ? undefined : EXAMPLES[key.variable]?.(text);
        if (example === undefined) throw badValue("JSON", { reason: (error as Error).message });
        throw badValue(`${example.startsWith("[") ? "a list" : "a map"} in JSON: ${example}`, {
          hint: `Put it in quotes: k3s-tool config set ${key.variable} '${example}'`,
        });
      }
  }
}

function isBool(text: string): boolean {
  return /^(?:true|false|yes|no|on|off)$/i.test(text);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** The words of a text as a list in JSON. */
function wordsAsList(text: string): string {
  return JSON.stringify(text.split(/[^\w.:-]+/).filter((word) => word !== ""));
}

function wrongType(
  text: string,
  { expected, reason, hint, key }: {
    readonly expected: string;
    /** May repeat parts of the text. */
    readonly reason?: string;
    readonly hint?: string;
    readonly key: KeyPath;
  },
) {
  const secret = [key.variable, ...key.members].some(isSecretName);
  const problem = secret ? { message: "bad value", expected } : {
    message: "bad value",
    value: hideSecrets(text),
    expected: reason === undefined ? expected : `${expected} (${reason})`,
  };
  return usageError("The value has the wrong type; nothing was written", {
    problems: [problem],
    hint: hint ?? "Name the type with --type string, int, bool or json.",
  });
}
