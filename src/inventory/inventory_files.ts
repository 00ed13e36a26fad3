/**
 * The files of an inventory as documents: from disk, or as an edit would leave them.
 *
 * @module
 */

import { basename, dirname, isAbsolute, relative } from "node:path";
import { LineIndex } from "./line_index.ts";
import { decodeUtf8, namesIn } from "./places_looked_at.ts";
import type { YamlDocument } from "./yaml_node.ts";
import { parseYaml } from "./yaml_tree.ts";

/** First bytes of a file that `ansible-vault encrypt` made. */
const VAULT_HEADER = "$ANSIBLE_VAULT;";

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
  read(path: string): YamlDocument | "encrypted" {
    const over = this.#over.get(path);
    if (over !== undefined) return over;
    const file = this.show(path);
    const text = decodeUtf8(Deno.readFileSync(path));
    if (text === undefined) {
      const problems = [{ message: "the file is not UTF-8 text", where: { file } }];
      return { file, text: "", lines: new LineIndex(""), root: undefined, problems };
    }
    return text.startsWith(VAULT_HEADER) ? "encrypted" : parseYaml(text, file);
  }

  /** Names in a directory; empty where there is none. */
  list(directory: string): ReadonlySet<string> {
    const names = new Set<string>();
    for (const path of this.#over.keys()) {
      if (dirname(path) === directory) names.add(basename(path));
    }
    for (const name of namesIn(directory)) names.add(name);
    return names;
  }

  /** True for a directory. */
  isDirectory(path: string): boolean {
    return !this.#over.has(path) && Deno.statSync(path).isDirectory;
  }
}
