/**
 * The simulated repository and what Flux makes of it: somebody pushes, Flux fetches and applies one
 * thing after the other, and now and then what was pushed is broken until the next push.
 *
 * All of it follows from the time alone.
 *
 * @module
 */

import type { SimState } from "./model.ts";
import { fraction, uid } from "./noise.ts";
import { iso, metadata } from "./object_json.ts";

/** Where the simulated repository seems to lie. */
export const REPOSITORY = "https://git.demo.example/home.git";

/** Between two pushes, in seconds; the web app of the photos gets its releases as often. */
const EVERY = 90;

/** So many seconds before the web app changes somebody pushes; then it is fetched and applied. */
const AHEAD = 14;
const FETCHED = 3;
const APPLIED = { first: 5, each: 1, takes: 2 };

/** Of so many pushes one breaks an app. */
const BROKEN = { every: 4, at: 2, app: "media" };

const BORN_DAYS = 63;
const DAY_MS = 86_400_000;

/** What is applied, in this order. */
const KUSTOMIZATIONS = [
  { name: "flux-system", path: "./clusters/demo" },
  { name: "infrastructure", path: "./infrastructure" },
  ...["photos", "ai", "home", "media", "monitoring"].map((name) => ({
    name,
    path: `./apps/${name}/overlays/demo`,
  })),
];

const INSTALLED = { group: "toolkit.fluxcd.io/v1", namespace: "flux-system" };

/** An object of Flux; the same key, the same object. */
export interface SimFlux {
  readonly uid: string;
  readonly key: string;
  readonly json: () => Record<string, unknown>;
}

/** Which push counts at a moment, and how many seconds ago it was. */
function pushAt({ now, startedAt }: SimState): { readonly push: number; readonly ago: number } {
  const seconds = Math.round((now - startedAt) / 1000) + AHEAD;
  const push = Math.floor(seconds / EVERY);
  return { push, ago: seconds - push * EVERY };
}

/** Moment of a push, in milliseconds since the epoch. */
function pushedAt({ startedAt }: SimState, push: number): number {
  return startedAt + (push * EVERY - AHEAD) * 1000;
}

/** `main@sha1:…` of a push. */
function revisionOf({ seed }: SimState, push: number): string {
  const hash = Array.from(
    { length: 5 },
    (_, part) => Math.floor(fraction(seed, `push ${push} ${part}`) * 2 ** 32).toString(16),
  ).map((word) => word.padStart(8, "0")).join("");
  return `main@sha1:${hash}`;
}

function isBroken(push: number, name: string): boolean {
  return name === BROKEN.app && push % BROKEN.every === BROKEN.at;
}

/** The latest push that an app was brought to. */
function appliedPush(push: number, name: string): number {
  return isBroken(push, name) ? push - 1 : push;
}

/** The repository as Flux knows it. */
export function gitRepositories(state: SimState): readonly SimFlux[] {
  const { push, ago } = pushAt(state);
  const fetched = ago < FETCHED ? push - 1 : push;
  const revision = revisionOf(state, fetched);
  const at = pushedAt(state, fetched) + FETCHED * 1000;
  const id = uid(state.seed, "GitRepository");
  return [{
    uid: id,
    key: revision,
    json: () => ({
      ...head(state, { kind: "GitRepository", name: "flux-system", id }),
      spec: { interval: "1m0s", url: REPOSITORY, ref: { branch: "main" } },
      status: {
        conditions: [ready("True", "Succeeded", {
          message: `stored artifact for revision '${revision}'`,
          at,
        })],
        artifact: { revision, lastUpdateTime: iso(at) },
      },
    }),
  }];
}

/** What Flux applies. */
export function kustomizations(state: SimState): readonly SimFlux[] {
  return KUSTOMIZATIONS.map((each, index) => kustomization(state, { ...each, index }));
}

function kustomization(
  state: SimState,
  { name, path, index }: { readonly name: string; readonly path: string; readonly index: number },
): SimFlux {
  const { push, ago } = pushAt(state);
  const begins = APPLIED.first + index * APPLIED.each;
  const stage = ago < begins ? "before" : ago < begins + APPLIED.takes ? "at work" : "after";
  const tried = stage === "after" ? push : push - 1;
  const failed = isBroken(tried, name);
  const applied = appliedPush(tried, name);
  const revision = revisionOf(state, applied);
  const appliedAt = pushedAt(state, applied) + (begins + APPLIED.takes) * 1000;
  const triedAt = pushedAt(state, tried) + (begins + APPLIED.takes) * 1000;
  const id = uid(state.seed, `Kustomization ${name}`);
  const condition = stage === "at work"
    ? ready("Unknown", "Progressing", {
      message: "Reconciliation in progress",
      at: pushedAt(state, push) + begins * 1000,
    })
    : failed
    ? ready("False", "BuildFailed", { message: failure(path), at: triedAt })
    : ready("True", "ReconciliationSucceeded", {
      message: `Applied revision: ${revision}`,
      at: triedAt,
    });
  return {
    uid: id,
    key: `${stage === "at work"} ${tried}`,
    json: () => ({
      ...head(state, { kind: "Kustomization", name, id }),
      spec: {
        interval: "10m0s",
        path,
        prune: true,
        sourceRef: { kind: "GitRepository", name: "flux-system" },
      },
      status: {
        conditions: [condition],
        lastAppliedRevision: revision,
        history: [{
          lastReconciled: iso(appliedAt),
          lastReconciledStatus: "ReconciliationSucceeded",
        }],
      },
    }),
  };
}

/** What kustomize says of a file with a tab in it. */
function failure(path: string): string {
  return `kustomize build failed: accumulating resources: accumulation err='accumulating ` +
    `resources from '../../base': ${path.replace("overlays/demo", "base")}/jellyfin.yaml: ` +
    "yaml: line 21: found character that cannot start any token'";
}

function head(
  { startedAt }: SimState,
  { kind, name, id }: { readonly kind: string; readonly name: string; readonly id: string },
) {
  const group = kind === "Kustomization" ? "kustomize" : "source";
  return {
    apiVersion: `${group}.${INSTALLED.group}`,
    kind,
    metadata: {
      ...metadata({ name, namespace: INSTALLED.namespace, uid: id }, {
        bornAt: startedAt - BORN_DAYS * DAY_MS,
      }),
      generation: 1,
    },
  };
}

function ready(
  status: "True" | "False" | "Unknown",
  reason: string,
  { message, at }: { readonly message: string; readonly at: number },
) {
  return {
    type: "Ready",
    status,
    reason,
    message,
    observedGeneration: 1,
    lastTransitionTime: iso(at),
  };
}
