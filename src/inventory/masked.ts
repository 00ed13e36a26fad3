/**
 * Values and files of an inventory with their secrets hidden.
 *
 * @module
 */

import { hideNamed, hideSecrets, isSecretName, MASK } from "../errors/secrets.ts";
import { VaultValue, type YamlValue } from "../yaml/yaml_value.ts";
import { isNullNode, keyName, type YamlNode } from "../yaml/node.ts";
import { parseYaml } from "../yaml/tree.ts";
import { isMapValue } from "../yaml/read_value.ts";

/** A value with everything hidden that has the name of a secret, or looks like one. */
export function maskedValue(name: string, value: YamlValue): unknown {
  if (value === null || value instanceof VaultValue) return value;
  // A template only names a secret that is kept elsewhere.
  if (isSecretName(name) && !isTemplate(value)) return MASK;
  if (typeof value === "string") return hideSecrets(value);
  if (Array.isArray(value)) {
    return (value as readonly YamlValue[]).map((each) => maskedValue("", each));
  }
  if (!isMapValue(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [key, maskedValue(key, each)]),
  );
}

/** True where a value, or a part of it, is a secret in clear. */
export function holdsSecret(name: string, value: YamlValue): boolean {
  return JSON.stringify(maskedValue(name, value)) !== JSON.stringify(value);
}

function isTemplate(value: YamlValue): boolean {
  return typeof value === "string" && /^\{\{[^{}]*\}\}$/.test(value);
}

/**
 * The text of a file with the same values hidden as {@linkcode maskedValue} hides. A text that is no
 * YAML, and comments, are read by the line: what follows the name of a secret is hidden.
 *
 * @param as what stands for a secret
 */
export function maskedText(text: string, as: (secret: string) => string = () => MASK): string {
  const { root } = parseYaml(text, "");
  if (root === undefined) return hideSecrets(hideNamed(text, as), as);
  let masked = "";
  let done = 0;
  for (const { start, end } of secretRanges(root).sort((a, b) => a.start - b.start)) {
    if (start < done) continue; // an alias to what is hidden already
    masked += maskedComments(text.slice(done, start), as) + as(text.slice(start, end));
    done = end;
    // The comment behind a secret may well hold the one before it.
    const behind = /^[^\n#]*#\s*/.exec(text.slice(end))?.[0];
    if (behind !== undefined && !/["']/.test(behind)) {
      const comment = /^[^\n]*/.exec(text.slice(end + behind.length))![0];
      masked += behind + as(comment);
      done += behind.length + comment.length;
    }
  }
  return hideSecrets(masked + maskedComments(text.slice(done), as), as);
}

interface Range {
  readonly start: number;
  readonly end: number;
}

function secretRanges(node: YamlNode): Range[] {
  switch (node.kind) {
    case "map":
      return node.entries.flatMap((entry) =>
        isSecretName(keyName(entry) ?? "") ? valueRanges(entry.value) : secretRanges(entry.value)
      );
    case "seq":
      return node.items.flatMap(secretRanges);
    default:
      return [];
  }
}

/** What is hidden of the value of a secret: with an alias, what it stands for. */
function valueRanges(node: YamlNode): Range[] {
  if (node.kind === "alias") return node.target === undefined ? [] : valueRanges(node.target);
  if (isNullNode(node) || node.tag !== undefined && !node.tag.startsWith("!!")) return [];
  if (node.kind === "scalar" && isTemplate(node.text)) return [];
  return [node];
}

function maskedComments(text: string, as: (secret: string) => string): string {
  return text.replaceAll(/#[^\n]*/g, (comment) => hideNamed(comment, as));
}
