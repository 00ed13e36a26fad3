/**
 * Values typed on a command line as YAML values.
 *
 * @module
 */

import type * as z from "zod/mini";
import { hideSecrets, isSecretName } from "../../errors/secrets.ts";
import { usageError, type UserError } from "../../errors/user_error.ts";
import { formatKeyPath, type KeyPath } from "./key_path.ts";
import type { YamlValue } from "../../yaml/yaml_value.ts";
import { DUPLICATE, parseYaml } from "../../yaml/tree.ts";
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
  if (schema !== undefined) return typeOf(schema, key.members);
  if (typeof current === "string") return "string";
  if (typeof current === "boolean" && isBool(text)) return "bool";
  if (typeof current === "number" && /^[+-]?\d+$/.test(text)) return "int";
  if (/^(?:true|false)$/.test(text)) return "bool";
  if (/^(?:0|-?[1-9]\d{0,14})$/.test(text)) return "int";
  if (/^(?:\{[^{%]|\{\}|\[)/.test(text) && isJson(text)) return "json";
  return "string";
}

/** What a schema accepts at a member; of alternatives the first, which is the one to write. */
function typeOf(schema: z.ZodMiniType, [member, ...rest]: readonly string[] = []): ValueType {
  const { def } = (schema as unknown as z.core.$ZodTypes)._zod;
  const inner = (type: z.core.$ZodType | undefined, members: readonly string[]) =>
    // What is inside a variable and not known any further, such as the value of a label, is text.
    type === undefined ? "string" : typeOf(type as z.ZodMiniType, members);
  switch (def.type) {
    case "optional":
    case "nullable":
      return inner(def.innerType, member === undefined ? [] : [member, ...rest]);
    case "union":
      return inner(def.options[0], member === undefined ? [] : [member, ...rest]);
    case "object":
      return member === undefined
        ? "json"
        : inner(Object.hasOwn(def.shape, member) ? def.shape[member] : undefined, rest);
    case "record":
      return member === undefined ? "json" : inner(def.valueType, rest);
    case "array":
      return member === undefined ? "json" : inner(def.element, rest);
    case "boolean":
      return "bool";
    case "number":
      return "int";
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
  k3s_config: () => '{"debug": true}',
  registries: () =>
    '{"mirrors": {"docker.io": {"endpoint": ["https://registry.example.com:5000"]}}}',
  k3s_tls_san: wordsAsList,
  k3s_disable: wordsAsList,
};

function exampleFor({ variable, members }: KeyPath, text: string): string | undefined {
  if (members.length === 0) return EXAMPLES[variable]?.(text);
  // The options of k3s that are no single word are lists of such words.
  return variable === "k3s_config" ? JSON.stringify([text]) : undefined;
}

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
      throw badValue(expectedOf(text, key) ?? "a whole number of at most 15 digits");
    case "bool":
      if (isBool(text)) return /^(?:true|yes|on)$/i.test(text);
      throw badValue(expectedOf(text, key) ?? "true or false");
    case "json":
      refuseDuplicates(text, badValue);
      try {
        return JSON.parse(text) as YamlValue;
      } catch (error) {
        const example = exampleFor(key, text);
        if (example === undefined) throw badValue("JSON", { reason: (error as Error).message });
        throw badValue(`${example.startsWith("[") ? "a list" : "a map"} in JSON: ${example}`, {
          hint: `Put it in quotes: k3s-tool config set ${formatKeyPath(key)} '${example}'`,
        });
      }
  }
}

/** JSON.parse would take the last of two values with one key; in the file that is an error. */
function refuseDuplicates(text: string, badValue: (expected: string) => UserError): void {
  const duplicate = parseYaml(text, "").problems.find(({ message }) => message.endsWith(DUPLICATE));
  if (duplicate !== undefined) throw badValue("each key once");
}

/** What the schema of a variable expects; undefined for a part of it, and for an unknown one. */
function expectedOf(text: string, { variable, members }: KeyPath): string | undefined {
  if (members.length > 0) return undefined;
  return VARIABLE_SCHEMAS.get(variable)?.safeParse(text).error?.issues[0]?.message;
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
  const message = `bad value for ${formatKeyPath(key)}`;
  const problem = secret ? { message, expected } : {
    message,
    value: hideSecrets(text),
    expected: reason === undefined ? expected : `${expected} (${reason})`,
  };
  // The type of a variable that the tool knows is not a matter of choice.
  const ofUnknown = VARIABLE_SCHEMAS.has(key.variable)
    ? {}
    : { hint: "Name the type with --type string, int, bool or json." };
  return usageError("The value has the wrong type; nothing was written", {
    problems: [problem],
    ...(hint === undefined ? ofUnknown : { hint }),
  });
}
