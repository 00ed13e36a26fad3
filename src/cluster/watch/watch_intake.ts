/**
 * What a watch takes in: objects become news, and what is not understood is counted.
 *
 * @module
 */

import * as z from "zod";
import { parseJson } from "../../process/json.ts";
import type { ClusterNews, CollectionName, Emit } from "./cluster_state.ts";
import { type CollectionSource, wordsFor } from "./collections.ts";
import { ApiError, type KubernetesApi, listVersioned, refusalOf } from "../api/kubernetes_api.ts";

/** Turns what the server sends into news, and counts what is not understood. */
export class WatchIntake {
  readonly #collection: CollectionName;
  readonly #source: CollectionSource<unknown>;
  readonly #emit: Emit;
  /** Why the collection cannot be read. */
  #refusal: string | undefined;
  /** UIDs of objects that are not understood; those without a UID count as one. */
  readonly #strange = new Set<string>();
  #said: string | undefined;

  constructor(
    collection: CollectionName,
    { source, emit }: { readonly source: CollectionSource<unknown>; readonly emit: Emit },
  ) {
    this.#collection = collection;
    this.#source = source;
    this.#emit = emit;
  }

  /**
   * Takes in a fresh list; returns the objects that were understood, and the `resourceVersion` that
   * a watch begins at.
   *
   * @throws what the API does
   */
  async list(
    api: KubernetesApi,
    { signal }: { readonly signal: AbortSignal },
  ): Promise<{ readonly objects: readonly unknown[]; readonly version: string | undefined }> {
    const { path, decode } = this.#source;
    const { objects: picked, version } = await listVersioned(api, path, {
      pick: (object) => this.#pick(object),
      signal,
      decode,
    });
    // Only now: a list that restarts midway picks up again what has changed meanwhile.
    this.#strange.clear();
    const objects = picked.filter((object) => !this.#isStrange(object));
    this.#emit({ type: "listed", collection: this.#collection, objects } as ClusterNews);
    this.refused(undefined);
    return { objects, version };
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
    const picked = this.#pick(object);
    if (this.#isStrange(picked)) {
      // What was known of it is not true any more.
      if (uid !== undefined) this.#emit({ type: "gone", collection, uid });
    } else {
      this.#emit({ type: "seen", collection, object: picked } as ClusterNews);
      if (uid !== undefined) this.#strange.delete(uid);
    }
    this.#say();
  }

  /** There is no such collection. */
  absent(): void {
    this.#strange.clear();
    this.#emit({ type: "absent", collection: this.#collection });
    this.refused(undefined);
  }

  /** What cannot be read, in words; undefined where it can. */
  refused(words: string | undefined): void {
    this.#refusal = words;
    this.#say();
  }

  #pick(object: unknown): unknown {
    try {
      return this.#source.pick(object);
    } catch (error) {
      if (!(error instanceof z.ZodError)) throw error;
      return new Strange(Watched.safeParse(object).data?.metadata.uid ?? "");
    }
  }

  /** Whether an object was not understood; it is counted then. */
  #isStrange(picked: unknown): boolean {
    if (!(picked instanceof Strange)) return false;
    this.#strange.add(picked.uid);
    return true;
  }

  #say(): void {
    const { size } = this.#strange;
    const words = this.#refusal ??
      (size === 0 ? undefined : `${size} of the ${wordsFor(this.#collection)} cannot be parsed`);
    if (words === this.#said) return;
    this.#said = words;
    this.#emit({ type: "gap", what: this.#collection, words });
  }
}

/** Stands for an object that is not understood. */
class Strange {
  constructor(readonly uid: string) {}
}

const Line = z.object({
  type: z.enum(["ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR"]),
  object: z.unknown(),
});

const Watched = z.object({
  metadata: z.object({
    uid: z.string().nullish(),
    resourceVersion: z.string().nullish(),
  }),
});

/** What a watch tells (`apimachinery/pkg/watch/watch.go`). */
interface WatchEvent {
  readonly type: Exclude<z.infer<typeof Line>["type"], "ERROR">;
  readonly object: unknown;
  /** Undefined where the object is not one. */
  readonly uid: string | undefined;
  /** Where a restarted watch continues; undefined if the object has no version. */
  readonly version: string | undefined;
}

/**
 * Reads a line of a watch; undefined for what is neither understood nor an error, such as a line
 * that was cut off.
 *
 * @throws {ApiError} what the server says in the middle of a watch: `Expired`, mostly
 */
export function readWatchEvent(line: string, path: string): WatchEvent | undefined {
  const parsed = parseJson(Line, line);
  if (parsed === undefined) return undefined;
  const { type, object } = parsed;
  if (type === "ERROR") throw refusalOf(object, { path });
  const metadata = Watched.safeParse(object).data?.metadata;
  return {
    type,
    object,
    uid: metadata?.uid ?? undefined,
    version: metadata?.resourceVersion ?? undefined,
  };
}

/** True if a watch cannot continue from its version, so the list must be read again. */
export function isExpired(error: unknown): boolean {
  return error instanceof ApiError &&
    (error.status === 410 || error.reason === "Expired" || error.reason === "Gone");
}
