/**
 * From Flux's objects, as the API has them, to how they stand.
 *
 * Source: fluxcd/source-controller docs/spec/v1, fluxcd/kustomize-controller docs/spec/v1; kstatus
 * compatible conditions Ready, Reconciling and Stalled of fluxcd/pkg apis/meta.
 *
 * @module
 */

import * as z from "zod";
import { safeLines, safeText } from "../../errors/safe_text.ts";

/** Annotation that asks Flux to look at an object now. */
export const REQUESTED_AT = "reconcile.fluxcd.io/requestedAt";

/** API path of each kind: first the sources Flux fetches from, then what it applies. */
const FLUX_PATHS = {
  GitRepository: { group: "source.toolkit.fluxcd.io/v1", plural: "gitrepositories" },
  OCIRepository: { group: "source.toolkit.fluxcd.io/v1", plural: "ocirepositories" },
  HelmRepository: { group: "source.toolkit.fluxcd.io/v1", plural: "helmrepositories" },
  Bucket: { group: "source.toolkit.fluxcd.io/v1", plural: "buckets" },
  Kustomization: { group: "kustomize.toolkit.fluxcd.io/v1", plural: "kustomizations" },
  HelmRelease: { group: "helm.toolkit.fluxcd.io/v2", plural: "helmreleases" },
} as const;

/** What Flux fetches from, or applies. */
export type FluxKind = keyof typeof FLUX_PATHS;

export const FLUX_KINDS = Object.keys(FLUX_PATHS) as FluxKind[];

/** Kinds that Flux applies. */
export const APPLIED_KINDS: readonly FluxKind[] = ["Kustomization", "HelmRelease"];

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

/** Path of all objects of a kind, or of one. */
export function fluxPath(
  kind: FluxKind,
  object?: { readonly namespace: string; readonly name: string },
): string {
  const { group, plural } = FLUX_PATHS[kind];
  if (object === undefined) return `/apis/${group}/${plural}`;
  const [namespace, name] = [object.namespace, object.name].map(encodeURIComponent);
  return `/apis/${group}/namespaces/${namespace}/${plural}/${name}`;
}

const text = z.string().nullish().transform((value) => safeText(value ?? ""));
const moment = z.string().nullish().catch(undefined);
const reference = z.object({ kind: text, name: text }).nullish();

const Condition = z.object({
  type: z.string(),
  status: z.string(),
  reason: text,
  message: z.string().nullish().transform((value) => safeLines(value ?? "").trim()),
  observedGeneration: z.number().nullish(),
  lastTransitionTime: moment,
});

const Entry = z.object({
  lastReconciled: moment,
  lastReconciledStatus: z.string().nullish(),
  chartVersion: text,
});

const Schema = z.object({
  metadata: z.object({
    name: z.string().transform(safeText),
    namespace: text,
    generation: z.number().nullish(),
  }),
  spec: z.object({
    suspend: z.boolean().nullish(),
    url: text,
    endpoint: text,
    bucketName: text,
    path: text,
    ref: z.object({ branch: text, tag: text, semver: text, commit: text, name: text, digest: text })
      .nullish(),
    sourceRef: reference,
    chartRef: reference,
    chart: z.object({ spec: z.object({ chart: text, sourceRef: reference }).nullish() }).nullish(),
  }),
  status: z.object({
    conditions: z.array(Condition).nullish(),
    artifact: z.object({ revision: text, lastUpdateTime: moment }).nullish(),
    lastAppliedRevision: text,
    lastHandledReconcileAt: z.string().nullish(),
    history: z.array(z.unknown()).nullish(),
  }).nullish(),
});

type Parsed = z.infer<typeof Schema>;

/** An object of the API. @throws {z.ZodError} where it is not one */
export function readFluxObject(kind: FluxKind, value: unknown): FluxObject {
  const object = Schema.parse(value);
  const { metadata, spec, status } = object;
  const ready = status?.conditions?.find(({ type }) => type === "Ready");
  const state = stateOf(object);
  const stale = state === "progressing" && ready !== undefined && !isCurrent(object, ready);
  return {
    kind,
    namespace: metadata.namespace,
    name: metadata.name,
    state,
    reason: stale ? "" : ready?.reason ?? "",
    message: ready === undefined
      ? "Flux has not reconciled it yet"
      : stale
      ? "Flux has not reconciled its last change yet"
      : ready.message,
    revision: (status?.artifact?.revision || status?.lastAppliedRevision ||
      releaseRevision(kind, status)) || undefined,
    updatedAt: updatedAt(object, ready) ?? undefined,
    since: ready?.lastTransitionTime ?? undefined,
    from: spec.url || spec.path || spec.chart?.spec?.chart ||
      [spec.endpoint, spec.bucketName].filter(Boolean).join("/"),
    ref: refOf(spec.ref),
    source: sourceOf(spec),
    handledRequest: status?.lastHandledReconcileAt ?? undefined,
  };
}

type ParsedCondition = z.infer<typeof Condition>;

function isCurrent({ metadata }: Parsed, condition: ParsedCondition): boolean {
  return (condition.observedGeneration ?? metadata.generation ?? 0) >= (metadata.generation ?? 0);
}

function stateOf(object: Parsed): FluxState {
  if (object.spec.suspend === true) return "suspended";
  const conditions = object.status?.conditions ?? [];
  const ready = conditions.find(({ type }) => type === "Ready");
  if (ready === undefined || !isCurrent(object, ready)) return "progressing";
  const reconciling = conditions.find(({ type }) => type === "Reconciling");
  if (reconciling?.status === "True" && reconciling.reason === "Progressing") return "progressing";
  if (ready.status === "True") return "ready";
  // Between two tries (ProgressingWithRetry) the failure stands.
  return ready.status === "False" && !isWaiting(ready) ? "failed" : "progressing";
}

/** What waits for another object has not failed itself (kustomization_controller.go). */
function isWaiting({ reason, message }: ParsedCondition): boolean {
  return reason === "DependencyNotReady" ||
    reason === "ArtifactFailed" && /^Source (?:artifact not found|is not ready)/.test(message);
}

/** When a revision was fetched or applied last. */
function updatedAt(
  { status }: Parsed,
  ready: ParsedCondition | undefined,
): string | null | undefined {
  if (status?.artifact) return status.artifact.lastUpdateTime;
  const applied = (status?.history ?? []).map((value) => Entry.safeParse(value).data)
    .find((entry) => entry?.lastReconciledStatus === "ReconciliationSucceeded");
  if (applied !== undefined) return applied.lastReconciled;
  return ready?.status === "True" ? ready.lastTransitionTime : undefined;
}

/** A HelmRelease keeps its releases in its history, newest first. */
function releaseRevision(kind: FluxKind, status: Parsed["status"]): string | undefined {
  if (kind !== "HelmRelease") return undefined;
  return Entry.safeParse(status?.history?.[0]).data?.chartVersion;
}

function refOf(ref: Parsed["spec"]["ref"]): string {
  if (!ref) return "";
  return ref.commit || ref.name || ref.semver || ref.tag || ref.digest || ref.branch;
}

function sourceOf({ sourceRef, chartRef, chart }: Parsed["spec"]): string {
  const reference = sourceRef ?? chartRef ?? chart?.spec?.sourceRef;
  return reference ? `${reference.kind}/${reference.name}` : "";
}

/** A revision as people read it: `main@1a2b3c4` for `main@sha1:1a2b3c4d…`. */
export function shortRevision(revision: string): string {
  return revision.replace(/^(.*?@)?sha\d+:([0-9a-f]{7})[0-9a-f]*$/, "$1$2");
}
