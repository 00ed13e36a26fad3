/**
 * What a watch takes in: objects become news, and what is not understood is counted.
 *
 * @module
 */

import * as z from "zod";
import type { ClusterNews, CollectionName } from "./cluster_state.ts";
import { COLLECTIONS, wordsFor } from "./collections.ts";
import type { WatchEvent } from "./watch_event.ts";
import type { Emit } from "./watch_news.ts";

/** Turns what the server sends into news, and counts what is not understood. */
export class WatchIntake {
  readonly #collection: CollectionName;
  readonly #emit: Emit;
  /** Why the collection cannot be read. */
  #refusal: string | undefined;
  /** UIDs of objects that are not understood; those without a UID count as one. */
  readonly #strange = new Set<string>();
  #said: string | undefined;

  constructor(collection: CollectionName, emit: Emit) {
    this.#collection = collection;
    this.#emit = emit;
  }

  /** For a list: undefined stands for what is not understood. */
  readonly pick = (object: unknown): unknown => {
    try {
      return COLLECTIONS[this.#collection].pick(object);
    } catch (error) {
      if (!(error instanceof z.ZodError)) throw error;
      this.#strange.add(uidOf(object) ?? "");
      return undefined;
    }
  };

  /** A list begins, of which `pick` takes the objects. */
  beginList(): void {
    this.#strange.clear();
  }

  /** A list has come to its end. */
  listed(picked: readonly unknown[]): void {
    const objects: unknown[] = picked.filter((object) => object !== undefined);
    this.#emit({ type: "listed", collection: this.#collection, objects } as ClusterNews);
    this.refused(undefined);
  }

  /** A change was heard of. */
  changed({ type, object, uid }: WatchEvent): void {
    if (type === "BOOKMARK") return;
    const collection = this.#collection;
    if (type === "DELETED") {
      if (uid !== undefined) this.#emit({ type: "gone", collection, uid });
      if (uid !== undefined && this.#strange.delete(uid)) this.#say();
      return;
    }
    const picked = this.pick(object);
    if (picked === undefined) {
      // What was known of it is not true any more.
      if (uid !== undefined) this.#emit({ type: "gone", collection, uid });
    } else {
      this.#emit({ type: "seen", collection, object: picked } as ClusterNews);
      if (uid !== undefined) this.#strange.delete(uid);
    }
    this.#say();
  }

  /** What cannot be read, in words; undefined where it can. */
  refused(words: string | undefined): void {
    this.#refusal = words;
    this.#say();
  }

  #say(): void {
    const { size } = this.#strange;
    const words = this.#refusal ??
      (size === 0 ? undefined : `${size} of the ${wordsFor(this.#collection)} not understood`);
    if (words === this.#said) return;
    this.#said = words;
    this.#emit({ type: "gap", what: this.#collection, words });
  }
}

function uidOf(object: unknown): string | undefined {
  const metadata = (object as { readonly metadata?: unknown } | null)?.metadata;
  const uid = (metadata as { readonly uid?: unknown } | null)?.uid;
  return typeof uid === "string" ? uid : undefined;
}
