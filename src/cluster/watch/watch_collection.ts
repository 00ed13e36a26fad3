/**
 * One collection of a cluster, listed and then watched, for as long as it takes.
 *
 * @module
 */

import type { Clock } from "../../process/system.ts";
import type { CollectionName, Emit } from "./cluster_state.ts";
import { type CollectionSource, gapOf, isAbsent } from "./collections.ts";
import { ApiError, type KubernetesApi } from "../api/kubernetes_api.ts";
import { isExpired, readWatchEvent, WatchIntake } from "./watch_intake.ts";

/** A connection that stands. */
export interface Connected {
  /** Aborted when it is lost, or when all is over. */
  readonly signal: AbortSignal;
  /** Another number means another cluster: what was known of the one before is worth nothing. */
  readonly cluster: number;
}

/** What a watch is told of the connection it goes through, and tells of it. */
export interface ConnectionLink {
  /** Settles as soon as the server is reached; rejects when all is over. */
  up(): Promise<Connected>;
  /** The server said something. */
  heard(): void;
  /** Something broke: is the server still there? */
  doubt(): void;
}

/** What a watch needs. */
export interface WatchOptions {
  readonly api: KubernetesApi;
  /** Where the collection lies. */
  readonly source: CollectionSource<unknown>;
  readonly link: ConnectionLink;
  readonly clock: Clock;
  readonly emit: Emit;
  /** Where chance comes from, at least 0 and below 1. */
  readonly random: () => number;
}

/** A watch ends after so long, in seconds, as in client-go (`tools/cache/reflector.go`). */
const WATCH_SECONDS = { least: 300, most: 600 };

/** A watch that ends sooner than this, in milliseconds, failed: it is not restarted at once. */
const SHORT_MS = 1_000;

/** Waits after failures, in milliseconds. */
const BACKOFF = { baseMs: 1_000, limitMs: 30_000 };

/** What is refused or not there is asked for again after so long. */
const REFUSED = { baseMs: 60_000, limitMs: 60_000 };

/**
 * After so many failures in a row where a watch was is not trusted any more. Then a gap is told too,
 * which a list closes at once; a restarted watch may be silent for a long time.
 */
const LIST_ANEW_AFTER = 2;

/**
 * Tells all that happens in a collection: a list, then each change. After a break it goes on where
 * it was, or, where the server does not know that moment any more, with another list.
 *
 * What is refused or not understood is told as a gap named like the collection, an optional
 * collection that is not there as absent; both are asked for again from time to time. Ends only by
 * rejecting, when `link.up()` does.
 */
export async function watchCollection(
  collection: CollectionName,
  options: WatchOptions,
): Promise<never> {
  const watch = new CollectionWatch(collection, options);
  let cluster: number | undefined;
  for (;;) {
    const connected = await options.link.up();
    if (connected.cluster !== cluster) watch.forget();
    cluster = connected.cluster;
    const wait = await watch.run(connected.signal);
    // Ended early where the connection is lost: its return is the next thing to wait for.
    if (wait > 0) await options.clock.sleep(wait, connected.signal).catch(() => {});
  }
}

class CollectionWatch {
  readonly #collection: CollectionName;
  readonly #options: WatchOptions;
  readonly #intake: WatchIntake;
  /** Where the next watch begins; undefined: with a list. */
  #version: string | undefined;
  /** In a row. */
  #failures = 0;

  constructor(collection: CollectionName, options: WatchOptions) {
    this.#collection = collection;
    this.#options = options;
    this.#intake = new WatchIntake(collection, options);
  }

  /** Begins with a list. */
  forget(): void {
    this.#version = undefined;
  }

  /** Lists if need be, and watches until that ends; returns the milliseconds to wait then. */
  async run(signal: AbortSignal): Promise<number> {
    if (this.#failures >= LIST_ANEW_AFTER) this.forget();
    try {
      if (this.#version === undefined) {
        const { api, link } = this.#options;
        const { version = "0" } = await this.#intake.list(api, { signal });
        link.heard();
        this.#version = version; // "0": any moment; the watch begins with what there is
      }
      return await this.#follow(this.#version, signal);
    } catch (error) {
      return signal.aborted ? 0 : this.#failed(error);
    }
  }

  async #follow(from: string, signal: AbortSignal): Promise<number> {
    const { api, source: { path }, link, clock, random } = this.#options;
    const began = clock.now();
    const seconds = WATCH_SECONDS.least +
      Math.floor(random() * (WATCH_SECONDS.most - WATCH_SECONDS.least));
    const query = {
      watch: 1,
      allowWatchBookmarks: "true",
      resourceVersion: from,
      timeoutSeconds: seconds,
    };
    let progress = false;
    for await (const line of api.lines(path, { query, signal })) {
      link.heard();
      const event = readWatchEvent(line, path);
      if (event === undefined) continue;
      this.#intake.changed(event);
      this.#version = event.version ?? this.#version;
      this.#failures = 0;
      if (!progress) this.#intake.refused(undefined);
      progress = true;
    }
    if (signal.aborted) return 0;
    const lasted = clock.now() - began;
    if (lasted < seconds * 1000) link.doubt();
    if (lasted >= SHORT_MS) {
      this.#failures = 0;
      return 0;
    }
    if (!progress) this.#failures++;
    return this.#backoff(Math.max(1, this.#failures));
  }

  /** What a failure means; returns the milliseconds to wait. */
  #failed(error: unknown): number {
    if (isAbsent(this.#options.source, error)) {
      this.forget();
      this.#failures = 0;
      this.#intake.absent();
      return this.#backoff(1, REFUSED);
    }
    const words = gapOf(this.#collection, error);
    const failures = ++this.#failures;
    if (isExpired(error)) {
      this.forget();
      return failures === 1 ? 0 : this.#backoff(failures - 1);
    }
    this.#options.link.doubt();
    const refused = error instanceof ApiError;
    // A break is nothing to speak of while the next attempt may go well.
    if (failures >= LIST_ANEW_AFTER || (refused && this.#version === undefined)) {
      this.#intake.refused(words);
    }
    if (!refused || (error.status !== 403 && error.status !== 404)) return this.#backoff(failures);
    this.forget();
    return this.#backoff(1, REFUSED);
  }

  #backoff(failures: number, bounds = BACKOFF): number {
    return backoff(failures, { ...bounds, random: this.#options.random });
  }
}

/** Bounds of a wait, in milliseconds, and where chance comes from. */
interface BackoffOptions {
  readonly baseMs: number;
  readonly limitMs: number;
  /** At least 0, below 1. */
  readonly random: () => number;
}

/**
 * Milliseconds to wait after so many failures in a row: doubled each time up to the limit, and up
 * to a half less by chance, so that many who failed together do not come back together.
 */
export function backoff(failures: number, { baseMs, limitMs, random }: BackoffOptions): number {
  const full = Math.min(limitMs, baseMs * 2 ** Math.max(0, failures - 1));
  return Math.round(full * (1 - random() / 2));
}
