/**
 * Values against the schemas of their variables.
 *
 * @module
 */

import { hideSecrets, isSecretName } from "../../errors/secrets.ts";
import type { Problem } from "../../errors/user_error.ts";
import type { YamlNode } from "../../yaml/node.ts";
import { Values } from "../../yaml/read_value.ts";
import type { YamlValue } from "../../yaml/yaml_value.ts";
import { VARIABLE_SCHEMAS } from "../schema.ts";
import { type SourcedVariable, stateOf } from "./variables.ts";

/** Longest value a report repeats. */
const MAX_SHOWN = 80;

interface Issue {
  readonly code?: string;
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly issues?: readonly Issue[];
}

/** What is wrong with a variable; nothing where the tool does not know it. */
export function checkVariable(variable: SourcedVariable): Problem[] {
  const schema = VARIABLE_SCHEMAS.get(variable.name);
  if (schema === undefined) return [];
  const result = schema.safeParse(variable.value);
  if (result.success) return [];
  const reported = new Set<string>();
  const problems: Problem[] = [];
  for (const issue of result.error.issues as readonly Issue[]) {
    const path = issue.path.map(String);
    // One sentence for each part: several checks of one text say the same.
    if (reported.has(path.join("\0")) || !isKnown(variable.value, path)) continue;
    reported.add(path.join("\0"));
    problems.push(problemAt(variable, { issue, path }));
  }
  return problems;
}

/** True where the part, and what it lies in, is neither templated nor encrypted. */
function isKnown(value: YamlValue, path: readonly string[]): boolean {
  if (typeof value === "string" || path.length === 0) return stateOf(value) === "plain";
  if (typeof value !== "object" || value === null) return true;
  const part = (value as Record<string, YamlValue>)[path[0]!];
  return part === undefined || isKnown(part, path.slice(1));
}

function problemAt(
  variable: SourcedVariable,
  { issue, path }: { readonly issue: Issue; readonly path: readonly string[] },
): Problem {
  const key = issue.code === "invalid_key";
  const { document } = variable;
  const node = nodeAt(variable.node, { path, key, values: new Values(document) });
  const found = node === undefined ? undefined : document.text.slice(node.start, node.end);
  const empty = node !== undefined && node.start === node.end;
  const name = [variable.name, ...path].join(".");
  const secret = [variable.name, ...path].some(isSecretName);
  return {
    message: `bad value for ${name} of ${variable.scope}`,
    where: node === undefined || empty
      ? variable.where
      : document.lines.place(document.file, node.start),
    ...(found === undefined || secret ? {} : { value: shorten(hideSecrets(found)) }),
    expected: (key ? issue.issues?.[0]?.message : undefined) ?? issue.message,
  };
}

function nodeAt(
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

function shorten(text: string): string {
  return text.length <= MAX_SHOWN ? text : `${text.slice(0, MAX_SHOWN)}…`;
}
