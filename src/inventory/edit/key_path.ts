/**
 * Dotted keys of `config get|set|unset`: `node_labels.workstation`, `limits.cpu`.
 *
 * @module
 */

import { usageError } from "../../errors/user_error.ts";
import type { YamlValue } from "../../yaml/yaml_value.ts";
import { isMapValue } from "../../yaml/read_value.ts";

/** Variables whose members' names may hold dots: `node_labels.nvidia.com/gpu.present`. */
const QUALIFIED_MEMBERS = ["node_labels", "node_annotations"];

/** A variable and the keys into its value. */
export interface KeyPath {
  readonly variable: string;
  readonly members: readonly string[];
}

/**
 * Reads a dotted key; `\.` is a dot in a name. `value` is what the variable holds now: a member it
 * has is found even where its name has dots.
 *
 * @throws {UserError} exit code 2 for what cannot be the name of an Ansible variable
 */
export function parseKeyPath(
  key: string,
  value: (variable: string) => YamlValue | undefined = () => undefined,
): KeyPath {
  const [variable = "", ...parts] = splitDots(key);
  if (!/^[A-Za-z_]\w*$/.test(variable) || parts.some((part) => part === "")) {
    // In quotes, so that an empty one and control characters can be seen.
    throw usageError(`${JSON.stringify(key)} is not a key`, {
      hint: "Use the name of a variable, or a path into one: k3s_version, node_labels.workstation",
    });
  }
  if (parts.length === 0) return { variable, members: [] };
  if (QUALIFIED_MEMBERS.includes(variable)) return { variable, members: [parts.join(".")] };
  return { variable, members: existingMembers(value(variable), parts) };
}

/** A path as `config list` prints it. */
export function formatKeyPath({ variable, members }: KeyPath): string {
  if (QUALIFIED_MEMBERS.includes(variable)) return [variable, ...members].join(".");
  return [variable, ...members.map((member) => member.replaceAll(".", "\\."))].join(".");
}

/** The part of a value that keys lead to; undefined where they lead nowhere. */
export function memberOf(
  value: YamlValue | undefined,
  members: readonly string[],
): YamlValue | undefined {
  let part = value;
  for (const member of members) {
    if (Array.isArray(part)) part = (part as readonly YamlValue[])[Number(member)];
    else if (isMapValue(part) && Object.hasOwn(part, member)) part = part[member];
    else return undefined;
  }
  return part;
}

function splitDots(key: string): string[] {
  return key.split(/(?<!\\)\./).map((part) => part.replaceAll("\\.", "."));
}

/** Joins parts to the longest names that the value has; the others stay apart. */
function existingMembers(value: YamlValue | undefined, parts: readonly string[]): string[] {
  if (parts.length === 0 || !isMapValue(value)) return [...parts];
  for (let length = parts.length; length > 0; length--) {
    const name = parts.slice(0, length).join(".");
    if (Object.hasOwn(value, name)) {
      return [name, ...existingMembers(value[name], parts.slice(length))];
    }
  }
  return [...parts];
}
