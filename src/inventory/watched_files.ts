/**
 * Files of an inventory that remember what was looked at.
 *
 * @module
 */

import { InventoryFiles, isSealed, type SealedFile } from "./read/inventory_files.ts";
import { type Look, type PathKind, shownNames } from "./places_looked_at.ts";
import type { YamlDocument } from "../yaml/node.ts";

/** A look and what it showed, as `seen` would say it. */
interface Seen {
  readonly look: Look;
  readonly text: string;
}

/** Remembers each look by kind and path. */
export class WatchedFiles extends InventoryFiles {
  readonly #looks = new Map<string, Seen>();
  #complete = true;

  /** Every look so far; undefined where one of them cannot be repeated. */
  get looks(): ReadonlyMap<string, Seen> | undefined {
    return this.#complete ? this.#looks : undefined;
  }

  override read(path: string): YamlDocument | SealedFile {
    const document = super.read(path);
    if (isSealed(document)) this.#complete = false;
    else this.#note(["text", path], document.text);
    return document;
  }

  override list(directory: string): ReadonlySet<string> {
    const names = super.list(directory);
    this.#note(["names", directory], shownNames(names));
    return names;
  }

  override kindOf(path: string): PathKind {
    const kind = super.kindOf(path);
    this.#note(["kind", path], kind);
    return kind;
  }

  #note(look: Look, text: string): void {
    this.#looks.set(look.join(" "), { look, text });
  }
}
