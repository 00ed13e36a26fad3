/**
 * The files of an inventory as documents: from disk, or as an edit would leave them.
 *
 * @module
 */

import { basename, dirname, isAbsolute, relative } from "node:path";
import { LineIndex } from "../../yaml/line_index.ts";
import { entryOf, keyName, type YamlDocument } from "../../yaml/node.ts";
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
      return { file, text: "", lines: new LineIndex(""), root: undefined, problems };
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
      const none = error instanceof Deno.errors.NotFound ||
        error instanceof Deno.errors.NotADirectory;
      if (!none) throw error;
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
