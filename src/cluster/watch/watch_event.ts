/**
 * A line of a watch.
 *
 * @module
 */

import * as z from "zod";
import { safeText } from "../../errors/safe_text.ts";
import { ApiError } from "../api/kubernetes_api.ts";

const Line = z.object({ type: z.string(), object: z.unknown() });

const Watched = z.object({
  metadata: z.object({
    uid: z.string().nullish(),
    resourceVersion: z.string().nullish(),
  }),
});

const Status = z.object({
  code: z.number().nullish(),
  reason: z.string().nullish(),
  message: z.string().nullish(),
});

/** What a watch tells (`apimachinery/pkg/watch/watch.go`). */
export interface WatchEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK";
  readonly object: unknown;
  /** Undefined where the object is not one. */
  readonly uid: string | undefined;
  /** Where a watch that is begun anew goes on; undefined where the object is not one. */
  readonly version: string | undefined;
}

const TYPES: ReadonlySet<string> = new Set(["ADDED", "MODIFIED", "DELETED", "BOOKMARK"]);

/**
 * Reads a line of a watch; undefined for what is neither understood nor an error, such as a line
 * that was cut off.
 *
 * @throws {ApiError} what the server says in the middle of a watch: `Expired`, mostly
 */
export function readWatchEvent(line: string, path: string): WatchEvent | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  const parsed = Line.safeParse(value);
  if (!parsed.success) return undefined;
  const { type, object } = parsed.data;
  if (type === "ERROR") {
    const status = Status.safeParse(object);
    const { code, reason, message } = status.success ? status.data : {};
    throw new ApiError(code ?? 500, reason ?? "", safeText(message ?? "no reason given"), path);
  }
  if (!TYPES.has(type)) return undefined;
  const watched = Watched.safeParse(object);
  const metadata = watched.success ? watched.data.metadata : undefined;
  return {
    type: type as WatchEvent["type"],
    object,
    uid: metadata?.uid ?? undefined,
    version: metadata?.resourceVersion ?? undefined,
  };
}

/** True where a watch cannot go on from where it was: the list must be read anew. */
export function isExpired(error: unknown): boolean {
  return error instanceof ApiError &&
    (error.status === 410 || error.reason === "Expired" || error.reason === "Gone");
}
