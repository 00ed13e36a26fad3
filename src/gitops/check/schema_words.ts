/**
 * What a schema refuses, in words.
 *
 * @module
 */

import { type FieldPath, type Finding, formatFieldPath, valueAt } from "./manifest.ts";
import { DNS_LABEL, DNS_SUBDOMAIN } from "../../inventory/kubernetes_syntax.ts";

/** An error of ajv, as far as it is read here. */
export interface SchemaError {
  /** JSON pointer to the value. */
  readonly instancePath: string;
  readonly keyword: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly message?: string;
}

const TYPES: Readonly<Record<string, string>> = {
  integer: "an integer",
  number: "a number",
  string: "a string",
  boolean: "true or false",
  object: "a map",
  array: "a list",
};

const FORMATS: Readonly<Record<string, string>> = {
  quantity: "a quantity such as 500m or 2Gi",
  byte: "text in base64",
  "date-time": "a time such as 2026-01-31T12:00:00Z",
  "int-or-string": "an integer or a string",
};

/** Longest value that is shown, in characters. */
const LONGEST_VALUE = 60;

/** All errors about one value as findings: one for each missing field, one for the value itself. */
export function wordsOf(
  errors: readonly SchemaError[],
  { path, ...at }: { readonly path: FieldPath; readonly value?: unknown },
): readonly Finding[] {
  const missing = errors.filter(({ keyword }) => keyword === "required").map(({ params }) => {
    const member = [...path, String(params.missingProperty)];
    return { path: member, message: `${formatFieldPath(member)} is missing` };
  });
  const others = errors.filter(({ keyword }) => keyword !== "required");
  if (others.length === 0) return missing;
  const is = "value" in at ? `, is ${shown(at.value)}` : "";
  const subject = path.length === 0 ? "the object" : formatFieldPath(path);
  return [...missing, { path, message: `${subject} must be ${expectation(others)}${is}` }];
}

function expectation(errors: readonly SchemaError[]): string {
  const formats = errors.filter(({ keyword }) => keyword === "format")
    .map(({ params }) => FORMATS[String(params.format)] ?? `a value of format ${params.format}`);
  const types = errors.filter(({ keyword }) => keyword === "type")
    .map(({ params }) => TYPES[String(params.type)] ?? String(params.type));
  // A quantity may be a number or a text of its format: the format says it all.
  if (formats.length > 0 && errors.some(({ keyword }) => keyword === "oneOf")) return formats[0]!;
  const allowed = errors.find(({ keyword }) => keyword === "enum")?.params.allowedValues;
  if (Array.isArray(allowed)) {
    return allowed.length === 1 ? String(allowed[0]) : `one of ${allowed.join(", ")}`;
  }
  if (types.length > 0) return [...new Set(types)].join(" or ");
  if (formats.length > 0) return formats[0]!;
  const pattern = errors.find(({ keyword }) => keyword === "pattern")?.params.pattern;
  if (pattern !== undefined) return `text that matches ${pattern}`;
  return (errors[0]?.message ?? "something else").replace(/^must (?:be )?/, "");
}

function shown(value: unknown): string {
  if (value === undefined) return "missing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && value !== null) return "a map";
  const text = JSON.stringify(value);
  return text.length <= LONGEST_VALUE ? text : `${text.slice(0, LONGEST_VALUE).toWellFormed()}…`;
}

/** Kinds whose names become part of a host name. */
const LABELS = new Set(["Namespace", "Service", "StatefulSet"]);

/** Kinds whose names may hold capitals, colons and more. */
const FREE = new Set(["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"]);

/** The longest name of a CronJob; its Jobs' names are eleven characters longer. */
const CRONJOB_NAME = 52;

/** What is wrong with an object's name. */
export function nameFindings(object: Readonly<Record<string, unknown>>): readonly Finding[] {
  const path = ["metadata", "name"];
  const name = valueAt(object, path);
  if (name === undefined || name === null) return [{ path, message: "metadata.name is missing" }];
  if (typeof name !== "string") return []; // its schema says so
  const expected = expectedName(name, String(object.kind));
  return expected === undefined
    ? []
    : [{ path, message: `metadata.name must be ${expected}, is ${JSON.stringify(name)}` }];
}

/** What a name should be; undefined where it is that. */
function expectedName(name: string, kind: string): string | undefined {
  if (FREE.has(kind)) {
    return /^(?!\.\.?$)[^/%]+$/.test(name) ? undefined : "a name without / and %";
  }
  if (LABELS.has(kind)) {
    if (DNS_LABEL.test(name)) return undefined;
    return "lower-case letters, digits and - between them, at most 63";
  }
  if (kind === "CronJob" && name.length > CRONJOB_NAME) {
    return `at most ${CRONJOB_NAME} characters long`;
  }
  return DNS_SUBDOMAIN.test(name) ? undefined : "lower-case letters, digits, - and . between them";
}
