/**
 * Objects as YAML that every reader of it understands alike.
 *
 * @module
 */

import { Document, isMap, isScalar, visit } from "yaml";

/** Members whose values are always quoted: whatever somebody puts there is text. */
const TEXTS = new Set(["data", "stringData"]);

/**
 * Writes an object.
 *
 * @param options.comment lines above it, without `#`
 */
export function writeYaml(
  object: object,
  { comment }: { readonly comment?: string | undefined } = {},
): string {
  // Text that YAML 1.1 (PyYAML, some of Go's readers) takes for something else is quoted: `no`, `1:30`.
  const document = new Document(object, { aliasDuplicateObjects: false, compat: "yaml-1.1" });
  visit(document, {
    Pair(_, { key, value }) {
      if (!isScalar(key) || !TEXTS.has(String(key.value)) || !isMap(value)) return;
      for (const pair of value.items) {
        if (!isScalar(pair.value) || typeof pair.value.value !== "string") continue;
        if (!pair.value.value.includes("\n")) pair.value.type = "QUOTE_DOUBLE";
      }
    },
  });
  const text = document.toString({ lineWidth: 0, flowCollectionPadding: false });
  if (comment === undefined) return text;
  return comment.split("\n").map((line) => `# ${line}\n`).join("") + text;
}
