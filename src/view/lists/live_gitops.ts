/**
 * What Flux makes of the repository a cluster follows, in one line.
 *
 * @module
 */

import { byNamespaceAndName } from "../../reports/by_name.ts";
import { safeText } from "../../errors/safe_text.ts";
import { type FluxObject, type FluxState, shortRevision } from "../../gitops/flux/flux_status.ts";
import { since } from "../words/amounts.ts";
import { fluxSentence } from "../tables/flux.ts";
import type { LiveView } from "./live_rows.ts";
import type { Tone } from "../words/tone.ts";
import type { Part } from "../words/total_words.ts";

/** Namespace and name of what `provision` makes Flux follow first. */
const ROOT = { namespace: "flux-system", name: "flux-system" };

/** How GitOps stands. */
export interface GitopsReport {
  /** Undefined where nobody knows: not heard yet, or refused. */
  readonly installed: boolean | undefined;
  /** The worst of all objects; undefined where there are none. */
  readonly state: FluxState | undefined;
  /** What is applied last by what all else follows from: `main@sha1:…`. */
  readonly revision: string | undefined;
  /** When that was, ISO 8601. */
  readonly updatedAt: string | undefined;
  /** GitRepositories, then Kustomizations, each by namespace and name. */
  readonly objects: readonly FluxObject[];
}

/** The worst first; what a person stopped says nothing of the rest. */
const WORST_FIRST: readonly FluxState[] = ["failed", "progressing", "ready", "suspended"];

/** How GitOps stands, of all that is watched of Flux. */
export function gitopsReport({ live, memo }: LiveView): GitopsReport {
  const { cluster: { gitRepositories, kustomizations, absent }, inventory } = live;
  const namespace = inventory?.known ? inventory.value?.cluster.fluxNamespace : undefined;
  return memo("gitops", [gitRepositories, kustomizations, absent, namespace], () => {
    const sources = [...gitRepositories?.values() ?? []].sort(byNamespaceAndName);
    const applied = [...kustomizations?.values() ?? []].sort(byNamespaceAndName);
    const objects = [...sources, ...applied];
    const isRoot = (object: FluxObject) =>
      object.name === ROOT.name && object.namespace === (namespace ?? ROOT.namespace);
    const main = applied.find(isRoot) ?? applied[0] ?? sources.find(isRoot) ?? sources[0];
    return {
      installed: gitRepositories !== undefined || kustomizations !== undefined ||
        (absent.has("gitRepositories") && absent.has("kustomizations") ? false : undefined),
      state: WORST_FIRST.find((state) => objects.some((object) => object.state === state)),
      revision: main?.revision,
      updatedAt: main?.updatedAt,
      objects,
    };
  });
}

/**
 * `GitOps ✓ main@1a2b3c4 12s ago`, `GitOps ✗ web failed`, `GitOps –` where Flux is not installed,
 * `GitOps ?` where that is not known.
 *
 * @param options.now milliseconds since the epoch
 */
export function gitopsPart(
  report: GitopsReport,
  { now, stale }: { readonly now: number; readonly stale: boolean },
): Part {
  const { installed, state, objects } = report;
  const part = (tone: Tone, sign: string, short = "", more = ""): Part => {
    const words = (...words: readonly string[]) => ["GitOps", ...words].filter(Boolean).join(" ");
    const all = { text: words(sign, short, more), short: words(sign, short), least: words(sign) };
    return { ...all, tone: stale ? "muted" : tone };
  };
  if (!installed) return { ...part("muted", installed === false ? "–" : "?"), spare: true };
  const revision = report.revision === undefined ? "" : shortRevision(report.revision);
  const names = (wanted: FluxState) =>
    objects.filter((object) => object.state === wanted).map(nameOf);
  switch (state) {
    case undefined:
      return part("muted", "–", "nothing followed");
    case "failed": {
      const failed = names("failed");
      const others = failed.length === 1 ? "" : ` +${failed.length - 1}`;
      const all = failed.length === 1 ? "" : `(${failed.slice(1).join(", ")})`;
      return part("bad", "✗", `${failed[0]}${others} failed`, all);
    }
    case "progressing":
      return part("accent", "◌", revision, `${names("progressing")[0]} at work`);
    case "suspended":
      return part("warn", "‖", "suspended");
    case "ready": {
      const stopped = names("suspended").length;
      const age = report.updatedAt === undefined ? "" : `${since(report.updatedAt, now)} ago`;
      const rest = stopped === 0 ? "" : `(${stopped} suspended)`;
      return part("good", "✓", revision, [age, rest].filter(Boolean).join(" "));
    }
  }
}

/** A Kustomization by its name alone: most things are. */
function nameOf({ kind, name }: FluxObject): string {
  return safeText(kind === "Kustomization" ? name : `${kind} ${name}`);
}

/** `GitOps: main@1a2b3c4 applied 12s ago. Sources: 1 of 1 ready. Applied: 3 of 3 ready.` */
export function gitopsSentence(report: GitopsReport, now: number): string {
  const next = report.state === "failed" ? " To see why, run: k3s-tool gitops status" : "";
  return `GitOps: ${gitopsWords(report, now)}${next}`;
}

/** The same without what it is about. */
export function gitopsWords(
  { installed, objects, revision, updatedAt }: GitopsReport,
  now: number,
): string {
  if (installed === undefined) return "not known.";
  if (!installed) return "Flux is not installed.";
  if (objects.length === 0) return "Flux has no sources yet.";
  const age = updatedAt === undefined ? "" : ` ${since(updatedAt, now)} ago`;
  const applied = revision === undefined
    ? "nothing applied yet"
    : `${shortRevision(revision)} applied${age}`;
  return `${applied}. ${fluxSentence(objects)}`;
}
