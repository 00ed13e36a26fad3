/**
 * Objects of Flux as far as they are shown. Types alone, so that anything may import them.
 *
 * @module
 */

/** Kinds that Flux fetches from. */
export const SOURCE_KINDS = [
  "GitRepository",
  "OCIRepository",
  "HelmRepository",
  "Bucket",
] as const;

/** Kinds that Flux applies. */
export const APPLIED_KINDS = ["Kustomization", "HelmRelease"] as const;

/** What Flux fetches from, or applies. */
export type FluxKind = typeof SOURCE_KINDS[number] | typeof APPLIED_KINDS[number];

/** How one object stands. */
export type FluxState =
  /** Fetched or applied as it is wanted now. */
  | "ready"
  | "failed"
  /** Under way, or waiting for another one. */
  | "progressing"
  /** A person stopped it (`flux suspend`). */
  | "suspended";

/** One object of Flux. */
export interface FluxObject {
  readonly kind: FluxKind;
  readonly namespace: string;
  readonly name: string;
  readonly state: FluxState;
  /** `BuildFailed`, `GitOperationFailed`; may be empty. */
  readonly reason: string;
  /** What Flux says, whole, in harmless lines; may be empty. */
  readonly message: string;
  /** Fetched, or applied last: `main@sha1:…`, `6.7.1`; undefined: none yet. */
  readonly revision: string | undefined;
  /** When that was, ISO 8601; undefined where Flux does not say. */
  readonly updatedAt: string | undefined;
  /** Since when it stands so, ISO 8601. */
  readonly since: string | undefined;
  /** Address of a source; path of a Kustomization, chart of a HelmRelease. */
  readonly from: string;
  /** Branch, tag, version or commit a source is held to; may be empty. */
  readonly ref: string;
  /** The source of what is applied: `GitRepository/flux-system`; empty for sources. */
  readonly source: string;
  /** The last request to look (`reconcile.fluxcd.io/requestedAt`) that it has answered. */
  readonly handledRequest: string | undefined;
}

/** An object that is watched. */
export interface WatchedFluxObject extends FluxObject {
  readonly uid: string;
}
