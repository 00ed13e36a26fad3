/**
 * The latest requests to an API server, for who wants to see what was asked.
 *
 * @module
 */

import type { Clock } from "../../process/system.ts";
import { ApiError, type GetOptions, type KubernetesApi } from "./kubernetes_api.ts";

/** How many are kept. */
const KEPT = 200;

/** What is asked again and again, each under one name. */
const REPEATED: readonly (readonly [RegExp, string])[] = [
  [/^\/(?:version|livez|readyz|healthz)\b/, "heartbeat"],
  [/^\/apis\/metrics\.k8s\.io\//, "metrics"],
  [/^\/api\/v1\/nodes\/[^/]+\/proxy\/stats\/summary$/, "summary"],
];

/** A request made to an API server, for who wants to see what was asked. */
export interface ApiRequest {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly method: string;
  /** Without secrets: paths and queries carry none. */
  readonly path: string;
  /** HTTP status, or what went wrong in a few words; undefined while it is under way. */
  readonly result: number | string | undefined;
  /** Until the answer began, in milliseconds. */
  readonly ms: number | undefined;
}

/**
 * Writes down what is asked of an API, without headers and bodies: no secret is kept.
 *
 * Of heartbeats and measurements that come to the same result only the latest is kept, so that
 * they do not push out what matters.
 *
 * @returns `requests`: the latest, newest last, at most 200
 */
export function journaled(
  api: KubernetesApi,
  clock: Pick<Clock, "now">,
): { readonly api: KubernetesApi; readonly requests: () => readonly ApiRequest[] } {
  let kept: ApiRequest[] = [];
  const begin = (method: string, path: string) => {
    const at = clock.now();
    let entry: ApiRequest = { at, method, path, result: undefined, ms: undefined };
    kept.push(entry);
    if (kept.length > KEPT) kept.shift();
    return (result: number | string, { late = false } = {}) => {
      if (entry.result !== undefined && !late) return;
      const index = kept.indexOf(entry);
      entry = { ...entry, result, ms: entry.ms ?? clock.now() - at };
      if (index < 0) return; // pushed out meanwhile
      kept[index] = entry;
      const name = repeatedName(path);
      if (name === undefined) return;
      kept = kept.filter((other) =>
        other === entry || other.result !== result || repeatedName(other.path) !== name
      );
    };
  };
  const observed = async <T>(
    end: (result: number | string) => void,
    answer: Promise<T>,
    status = 200,
  ) => {
    try {
      const value = await answer;
      end(status);
      return value;
    } catch (error) {
      end(resultOf(error));
      throw error;
    }
  };
  return {
    requests: () => [...kept],
    api: {
      get server() {
        return api.server;
      },
      get insteadOf() {
        return api.insteadOf;
      },
      get: (path, options = {}) =>
        observed(begin("GET", withQuery(path, options.query)), api.get(path, options)),
      lines: async function* (path, options = {}) {
        const end = begin("GET", withQuery(path, options.query));
        try {
          for await (const line of api.lines(path, options)) {
            end(200);
            yield line;
          }
          end(200);
        } catch (error) {
          end(resultOf(error));
          throw error;
        } finally {
          end("given up");
        }
      },
      change: (change) => observed(begin(change.method, change.path), api.change(change)),
      open: async (path, options) => {
        const end = begin("GET", path);
        const channel = await observed(end, api.open(path, options), 101);
        return {
          ...channel,
          messages: async function* () {
            try {
              yield* channel.messages();
            } catch (error) {
              end(resultOf(error), { late: true });
              throw error;
            }
          },
        };
      },
      close: () => api.close(),
    },
  };
}

function repeatedName(path: string): string | undefined {
  return REPEATED.find(([pattern]) => pattern.test(path))?.[1];
}

/** The token of a list's next page is long and says nothing. */
function withQuery(path: string, query: GetOptions["query"] = {}): string {
  const pairs = Object.entries(query).map(([key, value]) =>
    `${key}=${key === "continue" ? "…" : encodeURIComponent(value)}`
  );
  return pairs.length === 0 ? path : `${path}?${pairs.join("&")}`;
}

function resultOf(error: unknown): number | string {
  if (error instanceof ApiError) return error.status;
  if (error instanceof DOMException && error.name === "AbortError") return "given up";
  return error instanceof Error ? error.message.split("\n", 1)[0]! : "given up";
}
