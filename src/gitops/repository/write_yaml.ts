/**
 * Objects as YAML that every reader of it understands alike.
 *
 * @module
 */

import { Document, isMap, isScalar, parseDocument, type Scalar, visit } from "yaml";

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
  const document = new Document(object, { aliasDuplicateObjects: false });
  visit(document, {
    Scalar(_, node) {
      if (typeof node.value === "string" && isAmbiguous(node.value)) quote(node);
    },
    Pair(_, { key, value }) {
      if (!isScalar(key) || !TEXTS.has(String(key.value)) || !isMap(value)) return;
      for (const pair of value.items) {
        if (!isScalar(pair.value) || typeof pair.value.value !== "string") continue;
        if (!pair.value.value.includes("\n")) quote(pair.value);
      }
    },
  });
  const text = document.toString({ lineWidth: 0, flowCollectionPadding: false });
  if (comment === undefined) return text;
  return comment.split("\n").map((line) => `# ${line}\n`).join("") + text;
}

/** True for text YAML 1.1 (PyYAML, some of Go's readers) takes for something else: `no`, `1:30`. */
function isAmbiguous(text: string): boolean {
  if (!/^[\w.+~:-]+$/.test(text)) return false;
  const document = parseDocument(text, { version: "1.1" });
  return document.errors.length === 0 && isScalar(document.contents) &&
    typeof document.contents.value !== "string";
}

function quote(node: Scalar): void {
  node.type = "QUOTE_DOUBLE";
}
