/**
 * The port to an API server: documents in pages, nothing else.
 *
 * @module
 */

import * as z from "zod";
import type { Clock } from "../../process/system.ts";

/** How an API server is asked. */
export interface GetOptions {
  readonly query?: Readonly<Record<string, string | number>>;
  readonly signal?: AbortSignal | undefined;
  /**
   * Reads the answer where it comes in Protocol Buffers, which the server is then asked for; it may send
   * JSON nevertheless.
   *
   * @throws {RangeError} where it is not what it should be
   */
  readonly decode?: ((bytes: Uint8Array) => unknown) | undefined;
}

/** A request that changes something. */
export interface Change {
  readonly method: "POST" | "PATCH" | "DELETE";
  readonly path: string;
  /** JSON; a PATCH is a merge patch (RFC 7386) unless `patch` says otherwise. */
  readonly body?: unknown;
  readonly patch?: "merge" | "strategic-merge";
  readonly signal?: AbortSignal | undefined;
}

/** Several streams both ways on one connection. */
export interface Channel {
  /** Settles when it has left; what is sent to a closed one goes nowhere. */
  send(number: number, bytes: Uint8Array): Promise<void>;
  /** What comes, until either side ends it. @throws where the connection breaks */
  messages(): AsyncIterable<{ readonly number: number; readonly bytes: Uint8Array }>;
  close(): void;
}

/** How a channel is asked for. */
export interface OpenOptions {
  /** Versions of `channel.k8s.io`, the preferred one first. */
  readonly protocols: readonly string[];
  /** Gives the attempt up; an open channel is closed by who opened it. */
  readonly signal?: AbortSignal | undefined;
}

/** An API server. `connect.ts` makes the real one, tests make their own. */
export interface KubernetesApi {
  /** `https://100.64.0.1:6443`. */
  readonly server: string;
  /** The server of the kubeconfig, where it does not answer and another one of its cluster does. */
  readonly insteadOf?: string | undefined;
  /**
   * The document at a path, in the form of its JSON.
   *
   * @throws {ApiError} where the server answers with an error
   * @throws {UserError} exit code 4 where it cannot be reached or does not answer in time
   */
  get(path: string, options?: GetOptions): Promise<unknown>;
  /**
   * The lines of an answer that goes on (a watch, a followed log), as they come. The limit of time
   * holds until the answer begins; then it ends when the server ends it or the signal is aborted.
   * A line longer than 16 MiB ends it too.
   *
   * @throws what `get` throws
   */
  lines(path: string, options?: GetOptions): AsyncIterable<string>;
  /**
   * Changes something; returns the server's answer.
   *
   * @throws what `get` throws
   */
  change(change: Change): Promise<unknown>;
  /**
   * Opens a channel, at a path with its query.
   *
   * @throws as `get`
   */
  open(path: string, options: OpenOptions): Promise<Channel>;
  /** Gives its connections back. */
  close(): Promise<void>;
}

/** What the API server refused. */
export class ApiError extends Error {
  override readonly name = "ApiError";

  constructor(
    /** HTTP status. */
    readonly status: number,
    /** `Status.reason` of Kubernetes: `Forbidden`, `NotFound`, `Expired`; may be empty. */
    readonly reason: string,
    message: string,
    readonly path: string,
  ) {
    super(message);
  }
}

/** A `Status` of Kubernetes, as far as it is read here. */
export const Status = z.object({
  code: z.number().nullish(),
  reason: z.string().nullish(),
  message: z.string().nullish(),
  details: z.object({
    causes: z.array(z.object({ reason: z.string().nullish(), message: z.string().nullish() }))
      .nullish(),
  }).nullish(),
});

/** A refusal from a `Status` of Kubernetes; of what is none the number says enough. */
export function refusalOf(
  said: unknown,
  { path, status, otherwise = "no reason given" }: {
    readonly path: string;
    readonly status?: number;
    /** Where it does not say why. */
    readonly otherwise?: string | undefined;
  },
): ApiError {
  const { code, reason, message, details } = Status.safeParse(said).data ?? {};
  // The message of a refused eviction says that there is a budget; which one, its cause says.
  const budgets = (details?.causes ?? []).flatMap(({ reason, message }) =>
    reason === "DisruptionBudget" && message ? [message] : []
  );
  const words = [message ?? otherwise, ...budgets].join(" ");
  return new ApiError(status ?? code ?? 500, reason ?? "", words, path);
}

const Page = z.object({
  items: z.array(z.unknown()).nullish(),
  metadata: z.object({
    continue: z.string().nullish(),
    resourceVersion: z.string().nullish(),
  }).nullish(),
});

/** Objects a page; what client-go's pager asks for (`tools/pager/pager.go`). */
const PAGE_SIZE = 500;

/** More pages than any cluster fills: a server that never comes to an end is not waited for. */
const MAX_PAGES = 1_000;

/** How often a list is restarted if its pages expire on the way. */
const RESTARTS = 2;

/** How a collection is listed. */
export interface ListOptions<T> extends Pick<GetOptions, "signal" | "decode"> {
  /** Makes of each object what is kept; what it throws ends the list. */
  readonly pick: (object: unknown) => T;
  /** Which of them: `spec.nodeName=nuc`. */
  readonly fieldSelector?: string;
}

/** Every object of a collection, read in pages. */
export async function listAll<T>(
  api: KubernetesApi,
  path: string,
  options: ListOptions<T>,
): Promise<T[]> {
  return (await listVersioned(api, path, options)).objects;
}

/** Like {@linkcode listAll}, with the `resourceVersion` that a watch of the collection begins at. */
export async function listVersioned<T>(
  api: KubernetesApi,
  path: string,
  { pick, signal, decode, fieldSelector }: ListOptions<T>,
): Promise<{ readonly objects: T[]; readonly version: string | undefined }> {
  const ask = (next: string | undefined) =>
    api.get(path, {
      query: {
        limit: PAGE_SIZE,
        ...(fieldSelector === undefined ? {} : { fieldSelector }),
        ...(next === undefined ? {} : { continue: next }),
      },
      signal,
      decode,
    });
  for (let restarts = 0;; restarts++) {
    const objects: T[] = [];
    let version: string | undefined;
    let next: string | undefined;
    try {
      let answer = ask(undefined);
      for (let pages = 1;; pages++) {
        if (pages > MAX_PAGES) throw new ApiError(200, "", "the list does not end", path);
        const page = Page.parse(await answer);
        version ??= page.metadata?.resourceVersion ?? undefined;
        next = page.metadata?.continue || undefined;
        // The server makes the next page while this one is read.
        if (next !== undefined && pages < MAX_PAGES) {
          answer = ask(next);
          answer.catch(() => {}); // heard of above, unless `pick` throws first
        }
        for (const object of page.items ?? []) objects.push(pick(object));
        if (next === undefined) return { objects, version };
      }
    } catch (error) {
      // 410: the snapshot that the pages come from was compacted away.
      const expired = error instanceof ApiError && error.status === 410;
      if (!expired || next === undefined || restarts === RESTARTS) throw error;
    }
  }
}

/** How long something may take. */
export interface Limit {
  readonly clock: Clock;
  readonly ms: number;
  /** Aborted when it is not wanted any more. */
  readonly signal: AbortSignal | undefined;
  /** What is thrown where it takes longer. */
  readonly error: () => Error;
}

/**
 * Does something for so long at most. The signal it is given is aborted when it is to end, and this
 * rejects at once, whether it hears of that or not.
 */
export async function limited<T>(
  work: (signal: AbortSignal) => Promise<T>,
  { clock, ms, signal, error }: Limit,
): Promise<T> {
  const limit = new AbortController();
  const done = new AbortController();
  const { promise: ended, reject } = Promise.withResolvers<never>();
  const end = (reason: unknown) => {
    limit.abort(reason);
    reject(reason);
  };
  const onAbort = () => end(signal?.reason);
  signal?.addEventListener("abort", onAbort, { once: true });
  if (signal?.aborted) onAbort();
  clock.sleep(ms, done.signal).then(() => end(error()), () => {});
  try {
    return await Promise.race([work(limit.signal), ended]);
  } finally {
    done.abort();
    signal?.removeEventListener("abort", onAbort);
  }
}
