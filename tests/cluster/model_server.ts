/**
 * An API server in memory that lists and watches as the real one does, and fails when told to.
 *
 * @module
 */

import type { KubernetesApi } from "../../src/cluster/api/kubernetes_api.ts";
import { ApiError } from "../../src/cluster/api/kubernetes_api.ts";
import { unreachableError } from "../../src/errors/user_error.ts";

interface Stored {
  readonly metadata: { readonly uid: string };
}

interface Entry {
  readonly version: number;
  readonly path: string;
  readonly line: string;
}

interface Watcher {
  readonly path: string;
  readonly lines: string[];
  end: { readonly error: unknown } | "normal" | undefined;
  wake(): void;
}

/** How a server is to behave. */
export interface ModelOptions {
  /** Objects a page, whatever is asked for. */
  readonly pageSize?: number;
}

/** The server; its clients speak to it through `api`. */
export class ModelServer {
  readonly #objects = new Map<string, Map<string, Stored>>();
  readonly #history: Entry[] = [];
  readonly #watchers = new Set<Watcher>();
  readonly #pageSize: number;
  #version = 1;
  /** Versions below are not known any more. */
  #compacted = 0;
  /** Thrown by every request while set. */
  down: (() => unknown) | undefined;
  /** A request that is never answered, while true; watches hear nothing either. */
  silent = false;
  /** Paths whose requests are never answered. */
  readonly hanging = new Set<string>();
  /** UID of the cluster. */
  cluster = "cluster-1";
  /** What is thrown for a path, or for its watches alone (`?watch` behind it). */
  readonly answers = new Map<string, Error>();
  /** Paths asked for; a watch has `?watch` behind it. */
  readonly asked: string[] = [];
  /** What it told its clients so far. */
  readonly told = {
    watches: 0,
    bookmarks: 0,
    duplicates: 0,
    /** At the beginning of a watch, in its middle, and between two pages of a list. */
    expired: { begin: 0, middle: 0, page: 0 },
  };

  constructor({ pageSize = 2 }: ModelOptions = {}) {
    this.#pageSize = pageSize;
  }

  /** Watches that go on. */
  get watching(): number {
    return this.#watchers.size;
  }

  /** What a fresh list holds. */
  objects(path: string): readonly unknown[] {
    return [...this.#objects.get(path)?.values() ?? []];
  }

  /** Adds an object, or takes the place of the one with its UID. */
  put(path: string, object: Stored): void {
    const objects = this.#objects.get(path) ?? new Map<string, Stored>();
    this.#objects.set(path, objects);
    const type = objects.has(object.metadata.uid) ? "MODIFIED" : "ADDED";
    const stored = this.#stamp(object);
    objects.set(object.metadata.uid, stored);
    this.#tell(path, type, stored);
  }

  /** Takes an object away, where it is there. */
  delete(path: string, uid: string): void {
    const object = this.#objects.get(path)?.get(uid);
    if (object === undefined) return;
    this.#objects.get(path)?.delete(uid);
    this.#tell(path, "DELETED", this.#stamp(object));
  }

  /** Tells each watch where the server is. */
  bookmark(): void {
    this.#version++; // something happened elsewhere
    for (const watcher of this.#watchers) {
      const metadata = { resourceVersion: String(this.#version) };
      this.#send(watcher, JSON.stringify({ type: "BOOKMARK", object: { metadata } }));
      this.told.bookmarks++;
    }
  }

  /** Tells each watch its latest changes once more, in their order. */
  replay(count: number): void {
    for (const watcher of this.#watchers) {
      const latest = this.#history.filter(({ path }) => path === watcher.path).slice(-count);
      for (const { line } of latest) this.#send(watcher, line);
      this.told.duplicates += latest.length;
    }
  }

  /** Sends a line as it is to each watch of a path. */
  say(path: string, line: string): void {
    for (const watcher of this.#watchers) if (watcher.path === path) this.#send(watcher, line);
  }

  /** Forgets all that was before: who comes with an older version is told that it has expired. */
  compact(): void {
    this.#compacted = ++this.#version;
  }

  /** Ends each watch: as at its time, by a broken connection, or as expired. */
  end(how: "normal" | "broken" | "expired"): void {
    for (const watcher of this.#watchers) {
      if (how === "expired") {
        const object = { kind: "Status", code: 410, reason: "Expired", message: "too old" };
        this.#send(watcher, JSON.stringify({ type: "ERROR", object }));
        this.told.expired.middle++;
      }
      watcher.end = how === "broken" ? { error: unreachableError("it broke") } : "normal";
      watcher.wake();
    }
  }

  /** A client's side. */
  readonly api: KubernetesApi = {
    server: "https://100.64.0.1:6443",
    get: async (path, { query = {}, signal } = {}) => {
      this.asked.push(path);
      await this.#pass(path, signal);
      if (path === "/version") return { gitVersion: "v1.36.3+k3s1" };
      if (path.startsWith("/api/v1/namespaces/")) return { metadata: { uid: this.cluster } };
      const [version, at] = String(query.continue ?? `${this.#version}:0`).split(":").map(Number);
      if (version! < this.#compacted) {
        this.told.expired.page++;
        throw new ApiError(410, "Expired", "too old", path);
      }
      // A list in pages is one moment: it is made of what there was then.
      const all = this.#snapshots.get(`${path}@${version}`) ?? this.objects(path);
      this.#snapshots.set(`${path}@${version}`, all);
      const next = at! + this.#pageSize;
      return {
        metadata: {
          resourceVersion: String(version),
          ...(next < all.length ? { continue: `${version}:${next}` } : {}),
        },
        items: all.slice(at, next),
      };
    },
    lines: (path, { query = {}, signal } = {}) =>
      this.#watch(path, { from: Number(query.resourceVersion), signal }),
    change: () => Promise.reject(new Error("nothing is changed")),
    open: () => Promise.reject(new Error("nobody opens a channel here")),
    close: () => Promise.resolve(),
  };

  readonly #snapshots = new Map<string, readonly unknown[]>();

  async *#watch(
    path: string,
    { from, signal }: { readonly from: number; readonly signal: AbortSignal | undefined },
  ): AsyncGenerator<string> {
    this.asked.push(`${path}?watch`);
    await this.#pass(path, signal);
    if (this.answers.has(`${path}?watch`)) throw this.answers.get(`${path}?watch`);
    if (from < this.#compacted) {
      this.told.expired.begin++;
      throw new ApiError(410, "Expired", "too old", path);
    }
    this.told.watches++;
    let wake = Promise.withResolvers<void>();
    const watcher: Watcher = {
      path,
      lines: this.#history.filter((each) => each.path === path && each.version > from)
        .map(({ line }) => line),
      end: undefined,
      wake: () => wake.resolve(),
    };
    const onAbort = () => watcher.wake();
    signal?.addEventListener("abort", onAbort);
    this.#watchers.add(watcher);
    try {
      for (;;) {
        wake = Promise.withResolvers();
        while (watcher.lines.length > 0 && !signal?.aborted) yield watcher.lines.shift()!;
        signal?.throwIfAborted();
        if (watcher.end === "normal") return;
        if (watcher.end !== undefined) throw watcher.end.error;
        await wake.promise;
      }
    } finally {
      this.#watchers.delete(watcher);
      signal?.removeEventListener("abort", onAbort);
    }
  }

  async #pass(path: string, signal: AbortSignal | undefined): Promise<void> {
    await Promise.resolve();
    signal?.throwIfAborted();
    if (this.silent || this.hanging.has(path)) {
      await new Promise((_, reject) =>
        signal?.addEventListener("abort", () => reject(signal.reason))
      );
    }
    if (this.down !== undefined) throw this.down();
    const answer = this.answers.get(path);
    if (answer !== undefined) throw answer;
  }

  #stamp(object: Stored): Stored {
    const resourceVersion = String(++this.#version);
    return { ...object, metadata: { ...object.metadata, resourceVersion } as Stored["metadata"] };
  }

  #tell(path: string, type: string, object: Stored): void {
    const line = JSON.stringify({ type, object });
    this.#history.push({ version: this.#version, path, line });
    for (const watcher of this.#watchers) if (watcher.path === path) this.#send(watcher, line);
  }

  #send(watcher: Watcher, line: string): void {
    if (this.silent) return;
    watcher.lines.push(line);
    watcher.wake();
  }
}
