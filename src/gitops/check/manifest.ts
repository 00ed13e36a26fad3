/**
 * Objects of Kubernetes in YAML files, with the line of each of their fields.
 *
 * @module
 */

import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseAllDocuments,
} from "yaml";
import type { Place, Problem } from "../../errors/user_error.ts";

/** A document of a YAML file whose root is a map. */
export interface Manifest {
  readonly file: string;
  readonly value: Readonly<Record<string, unknown>>;
  /** Where a field stands; where it is missing, what it would belong to. */
  place(path: FieldPath): Place;
}

/** What a file holds. */
export interface ManifestFile {
  readonly manifests: readonly Manifest[];
  /** Why a document of it cannot be read. */
  readonly problems: readonly Problem[];
}

/** `*name:` as a key: the colon belongs to the alias in YAML 1.2, and not for Go's reader. */
const ALIAS_KEY = /^([ -]*\*[\w-]+):(?=\s)/gm;

/** Reads every document of a file; a list of objects counts as its items. */
export function readManifests(file: string, text: string): ManifestFile {
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, {
    lineCounter: lines,
    prettyErrors: false,
    merge: true, // as kustomize does
  });
  const manifests: Manifest[] = [];
  const problems: Problem[] = [];
  const at = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { file, line, column: col };
  };
  if (!Array.isArray(documents)) return { manifests, problems };
  const spaced = text.replace(ALIAS_KEY, "$1 :");
  if (spaced !== text && documents.some(({ errors }) => errors.length > 0)) {
    return readManifests(file, spaced);
  }
  for (const document of documents as Document.Parsed[]) {
    const refuse = (message: string, offset = document.contents?.range[0] ?? 0) =>
      problems.push({ message, where: at(offset) });
    const [error] = document.errors;
    if (error !== undefined) {
      refuse(`this is not YAML: ${error.message.split("\n")[0]}`, error.pos[0]);
      continue;
    }
    try {
      // The default limit of aliases keeps a small file from becoming a large object.
      const value: unknown = document.toJS();
      const place = (path: FieldPath) => at(offsetOf(document, path));
      if (isObject(value)) manifests.push(...expanded({ file, value, place }));
      else if (value !== null && value !== undefined) {
        refuse("this is not a Kubernetes object: not a map");
      }
    } catch (error) {
      refuse(`cannot be read: ${(error as Error).message}`);
    }
  }
  return { manifests, problems };
}

/** `apiVersion kind name`, as far as they are known. */
export function describeManifest({ value }: Pick<Manifest, "value">): string {
  const { name } = metadataOf(value);
  return [value.kind, name].filter((part) => typeof part === "string").join(" ") || "an object";
}

/** An object's `metadata`; empty where it is none. */
export function metadataOf(
  value: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  return isObject(value.metadata) ? value.metadata : {};
}

/** A text; undefined for anything else. */
export function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** A list; empty for anything else. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** True for a map. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function expanded(manifest: Manifest): Manifest[] {
  const { kind, items } = manifest.value;
  // As kustomize does: `ConfigMapList` too.
  if (!String(kind).endsWith("List") || !Array.isArray(items)) return [manifest];
  return items.flatMap((value, index) => {
    if (!isObject(value)) return [];
    const place = (path: FieldPath) => manifest.place(["items", index, ...path]);
    return expanded({ file: manifest.file, value, place });
  });
}

/** Where the key (or list item) at the end of a path begins, or the last of its parents. */
function offsetOf(document: Document.Parsed, path: FieldPath): number {
  let node: Node | null | undefined = document.contents;
  let offset = document.contents?.range?.[0] ?? 0;
  for (const member of path) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === member);
      if (pair === undefined) break;
      if (isScalar(pair.key)) offset = pair.key.range?.[0] ?? offset;
      node = pair.value as Node | null;
    } else if (isSeq(node)) {
      node = node.items[Number(member)] as Node | undefined;
      if (node === undefined) break;
      offset = node.range?.[0] ?? offset;
    } else {
      break;
    }
  }
  return offset;
}

/** Keys of maps and positions in lists, from the object's root. */
export type FieldPath = readonly (string | number)[];

/** The path as text; keys that are no words stand in brackets: `labels["app.kubernetes.io/name"]`. */
export function formatFieldPath(path: FieldPath): string {
  return path.reduce<string>((text, member) => {
    if (typeof member === "number") return `${text}[${member}]`;
    if (!/^[\w-]+$/.test(member)) return `${text}[${JSON.stringify(member)}]`;
    return text === "" ? member : `${text}.${member}`;
  }, "");
}

/** Reads a JSON pointer (RFC 6901) into the object it points into. */
export function parsePointer(pointer: string, root: unknown): FieldPath {
  let at: unknown = root;
  return pointer.split("/").slice(1).map((part) => {
    const key = part.replaceAll("~1", "/").replaceAll("~0", "~");
    const member = Array.isArray(at) ? Number(key) : key;
    at = valueAt(at, [member]);
    return member;
  });
}

/** The value at a path; undefined where the path leads nowhere. */
export function valueAt(root: unknown, path: FieldPath): unknown {
  let at = root;
  for (const member of path) {
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, member)) return undefined;
    at = (at as Record<string | number, unknown>)[member];
  }
  return at;
}

/** Every text in a value, with its path. */
export function textsAt(
  value: unknown,
  at: FieldPath = [],
): readonly { readonly text: string; readonly at: FieldPath }[] {
  if (typeof value === "string") return [{ text: value, at }];
  if (typeof value !== "object" || value === null) return [];
  const entries = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return entries.flatMap(([key, each]) => textsAt(each, [...at, key]));
}

/** One thing that is wrong with an object. */
export interface Finding {
  /** Where in the object. */
  readonly path: FieldPath;
  /** A sentence without a full stop, the path first. */
  readonly message: string;
}
