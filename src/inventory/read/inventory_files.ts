/**
 * The files of an inventory as documents, from disk or as an edit would leave them: the one that is
 * named, and `group_vars/` and `host_vars/` next to it.
 *
 * Source: ansible-core 2.16 `lib/ansible/parsing/dataloader.py`, `find_vars_files`.
 *
 * @module
 */

import { basename, dirname, isAbsolute, join, relative } from "node:path";
import { isAbsent, refusalReason } from "../../errors/refusal.ts";
import type { Problem } from "../../errors/user_error.ts";
import { LineIndex } from "../../yaml/line_index.ts";
import { entryOf, keyName, type YamlDocument } from "../../yaml/node.ts";
import { requireUnfoldable, UnfoldError } from "../../yaml/read_value.ts";
import { parseYaml } from "../../yaml/tree.ts";

/** What a path leads to: a file, a directory, something else such as a pipe, or nothing. */
export type PathKind = "file" | "directory" | "other" | "nothing";

/** First bytes of a file that `ansible-vault encrypt` made. */
const VAULT_HEADER = "$ANSIBLE_VAULT;";

/** A file that is encrypted as a whole: a change of any part of it would make it unreadable. */
export interface SealedFile {
  readonly by: "ansible-vault" | "sops";
  /** Variables that are known to be in it; sops leaves their names readable. */
  readonly names: readonly string[];
}

/** Reads files and directories; documents laid over them are seen instead. */
export class InventoryFiles {
  readonly #cwd: string | undefined;
  readonly #over: ReadonlyMap<string, YamlDocument>;

  /** `cwd`: paths within it are shown without it. `over`: documents by absolute path. */
  constructor(
    { cwd, over = new Map() }: {
      readonly cwd?: string | undefined;
      readonly over?: ReadonlyMap<string, YamlDocument>;
    } = {},
  ) {
    this.#cwd = cwd;
    this.#over = over;
  }

  /** The path as reports show it. */
  show(path: string): string {
    if (this.#cwd === undefined) return path;
    const short = relative(this.#cwd, path);
    return short === "" || short.startsWith("..") || isAbsolute(short) ? path : short;
  }

  /**
   * A file as a document; what is wrong with its content is in `problems`.
   *
   * @throws {Deno.errors} where it cannot be read at all
   */
  read(path: string): YamlDocument | SealedFile {
    const over = this.#over.get(path);
    if (over !== undefined) return over;
    const file = this.show(path);
    const text = decodeUtf8(Deno.readFileSync(path));
    if (text === undefined) {
      const problems = [{ message: "the file is not UTF-8 text", where: { file } }];
      return {
        file,
        text: "",
        lines: new LineIndex(""),
        root: undefined,
        entangled: false,
        problems,
      };
    }
    if (text.startsWith(VAULT_HEADER)) return { by: "ansible-vault", names: [] };
    const document = parseYaml(text, file);
    return sealedBySops(document) ?? document;
  }

  /** Names in a directory; empty where there is none. */
  list(directory: string): ReadonlySet<string> {
    const names = new Set<string>();
    for (const path of this.#over.keys()) {
      if (dirname(path) === directory) names.add(basename(path));
    }
    try {
      for (const { name } of Deno.readDirSync(directory)) names.add(name);
    } catch (error) {
      if (!isAbsent(error)) throw error;
    }
    return names;
  }

  /** What is at a path, links followed. @throws {Deno.errors} where it cannot be looked at */
  kindOf(path: string): PathKind {
    if (this.#over.has(path)) return "file";
    try {
      const info = Deno.statSync(path);
      return info.isFile ? "file" : info.isDirectory ? "directory" : "other";
    } catch (error) {
      if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.FilesystemLoop) {
        return "nothing";
      }
      throw error;
    }
  }
}

/** Bytes as text; undefined where they are not UTF-8. A byte order mark stays. */
function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** True for what {@linkcode InventoryFiles.read} found to be encrypted. */
export function isSealed(read: YamlDocument | SealedFile): read is SealedFile {
  return "by" in read;
}

/**
 * sops adds the map `sops` at the top, with a code over all values of the file (getsops/sops
 * `stores/stores.go`, `Metadata`).
 */
function sealedBySops({ root }: YamlDocument): SealedFile | undefined {
  if (root?.kind !== "map") return undefined;
  const own = entryOf(root, "sops")?.value;
  if (own?.kind !== "map" || entryOf(own, "mac") === undefined) return undefined;
  const names = root.entries.flatMap((entry) => keyName(entry) ?? []);
  return { by: "sops", names: names.filter((name) => name !== "sops") };
}

/** One file of variables. */
export interface VarsFile {
  readonly kind: "group" | "host";
  /** The group or host it belongs to. */
  readonly scope: string;
  /** Absolute path. */
  readonly path: string;
  /** Undefined where the whole file is encrypted. */
  readonly document: YamlDocument | undefined;
  readonly sealed?: SealedFile;
}

/** Where a scope's variables are looked for, first come first served. */
const EXTENSIONS = ["", ".yml", ".yaml", ".json"];

/** The paths at which Ansible looks for the variables of a group or host, beside an inventory. */
export function varsFilesOf(
  kind: "group" | "host",
  { inventory, scope }: { readonly inventory: string; readonly scope: string },
): readonly string[] {
  const directory = join(dirname(inventory), `${kind}_vars`);
  return EXTENSIONS.map((extension) => join(directory, scope + extension));
}

/** The files of one kind, in the order Ansible reads them. */
export function readVarsFiles(
  kind: "group" | "host",
  { inventoryFile, scopes, from }: {
    readonly inventoryFile: string;
    readonly scopes: Iterable<string>;
    readonly from: InventoryFiles;
  },
) {
  const directory = join(dirname(inventoryFile), `${kind}_vars`);
  const present = from.list(directory);
  const files: VarsFile[] = [];
  const problems: Problem[] = [];
  const warnings: Problem[] = [];
  const found = { files, problems, warnings };
  if (present.size === 0) return found;
  for (const scope of scopes) {
    for (const extension of EXTENSIONS) {
      if (!present.has(scope + extension)) continue;
      const path = join(directory, scope + extension);
      try {
        const kindOf = from.kindOf(path);
        if (kindOf === "nothing") {
          // As Ansible does, which looks for the next name then.
          warnings.push({
            message: "it is a broken symbolic link; Ansible skips it",
            where: { file: from.show(path) },
          });
          continue;
        }
        // Only a name without an extension may be a directory.
        const paths = kindOf !== "directory" ? [path] : extension === "" ? within(path, from) : [];
        for (const each of paths) readOne(each, { kind, scope, from, found });
      } catch (error) {
        problems.push(unreadable(path, error, from));
      }
      break;
    }
  }
  return found;
}

function readOne(
  path: string,
  { kind, scope, from, found }: {
    readonly kind: "group" | "host";
    readonly scope: string;
    readonly from: InventoryFiles;
    readonly found: {
      readonly files: VarsFile[];
      readonly problems: Problem[];
      readonly warnings: Problem[];
    };
  },
): void {
  try {
    // A pipe would never end, and a link to nothing stops Ansible too.
    if (from.kindOf(path) !== "file") throw new Error("it is not a regular file");
    const document = from.read(path);
    if (isSealed(document)) {
      found.files.push({ kind, scope, path, document: undefined, sealed: document });
      found.warnings.push({
        message:
          `the file is encrypted by ${document.by}; its variables are left alone and not checked`,
        where: { file: from.show(path) },
      });
      return;
    }
    found.problems.push(...document.problems, ...shapeProblems(document));
    found.files.push({ kind, scope, path, document });
  } catch (error) {
    found.problems.push(unreadable(path, error, from));
  }
}

function unreadable(path: string, error: unknown, from: InventoryFiles): Problem {
  const message = `the file cannot be read: ${refusalReason(error)}`;
  return { message, where: { file: from.show(path) } };
}

function shapeProblems(document: YamlDocument): Problem[] {
  const { root, file, lines } = document;
  if (root === undefined) return [];
  if (root.kind !== "map") {
    return [{
      message: "the file holds no variables",
      where: lines.place(file, root.start),
      expected: "name: value",
    }];
  }
  try {
    requireUnfoldable(document);
    return [];
  } catch (error) {
    if (error instanceof UnfoldError) return [error.problem];
    throw error;
  }
}

function within(directory: string, from: InventoryFiles): string[] {
  const found: string[] = [];
  for (const name of [...from.list(directory)].sort()) {
    if (name.startsWith(".") || name.endsWith("~")) continue;
    const dot = name.lastIndexOf(".");
    const extension = dot <= 0 ? "" : name.slice(dot);
    const path = join(directory, name);
    if (from.kindOf(path) === "directory") {
      if (extension === "") found.push(...within(path, from));
    } else if (EXTENSIONS.includes(extension)) {
      found.push(path);
    }
  }
  return found;
}
