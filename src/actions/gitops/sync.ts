/**
 * Asks Flux to look now, and follows what comes of it.
 *
 * @module
 */

import { ApiError, type KubernetesApi } from "../../cluster/api/kubernetes_api.ts";
import { UserError } from "../../errors/user_error.ts";
import { type FluxObject, fluxPath, REQUESTED_AT } from "../../gitops/flux/flux_status.ts";
import type { System } from "../../process/system.ts";
import { type GitopsStatusRequest } from "./status.ts";
import { notInstalledError, readFlux } from "./read_flux.ts";
import { inventoryFor, surveyCluster } from "../survey.ts";

/** Between two looks, in milliseconds. */
const LOOK_MS = 1_000;

/** Name of the source and of the root Kustomization, as the role gitops makes them. */
const ROOT = "flux-system";

/** What a person asks for. */
export interface GitopsSyncRequest extends GitopsStatusRequest {
  /** How long to follow it, in milliseconds. */
  readonly timeoutMs: number;
}

/** Hears what happens to each object from then on. */
export type Tell = (object: FluxObject, what: "changed" | "removed") => void;

/** What came of it. */
export interface GitopsSync {
  readonly server: string;
  /** What was fetched; undefined where nothing is. */
  readonly revision: string | undefined;
  /** False where the time ran out before everything had come to an end. */
  readonly finished: boolean;
  /** The source, and everything that comes from it, as it stands then. */
  readonly objects: readonly FluxObject[];
}

/**
 * Asks the source and everything applied from it to be looked at, and waits until each has handled
 * that: ready at the source's revision, failed, or suspended.
 *
 * @param tell is told each object whose standing changed, and each that was removed
 * @throws {UserError} as `readGitopsStatus` does; exit code 1 where there is no such source
 */
export async function syncGitops(
  system: System,
  request: GitopsSyncRequest,
  tell: Tell,
): Promise<GitopsSync> {
  const inventory = await inventoryFor(system, request.inventory);
  const namespace = inventory?.cluster.fluxNamespace ?? ROOT;
  const reading = await surveyCluster(system, {
    inventory,
    choice: request.cluster,
    read: (api) => follow(api, system, { namespace, timeoutMs: request.timeoutMs, tell }),
  });
  if (!reading.known) throw reading.error;
  return reading.value;
}

async function follow(
  api: KubernetesApi,
  { clock, signal }: System,
  { namespace, timeoutMs, tell }: {
    readonly namespace: string;
    readonly timeoutMs: number;
    readonly tell: Tell;
  },
): Promise<GitopsSync> {
  const end = clock.now() + timeoutMs;
  const moment = new Date(clock.now()).toISOString();
  const asked = new Set<string>();
  const told = new Map<string, string>();
  let known: readonly FluxObject[] = [];
  for (;;) {
    const { source, applied } = await look(api, { signal, namespace });
    const ask = async (object: FluxObject) => {
      if (asked.has(keyOf(object)) || object.state === "suspended") return;
      asked.add(keyOf(object));
      await requestLook(api, object, { moment, signal });
    };
    await ask(source);
    const fetched = isSettled(source, { asked, moment });
    // What is applied is looked at when the source has its revision, or it would see the old one.
    if (fetched && source.state === "ready") {
      for (const object of applied) await ask(object);
    }
    const objects = [source, ...applied];
    for (const object of objects) {
      // How it stood before it was asked is no news.
      if (object.handledRequest !== moment && object.state !== "progressing") continue;
      const standing = `${object.state} ${object.revision ?? ""} ${object.message}`;
      if (told.get(keyOf(object)) !== standing) tell(object, "changed");
      told.set(keyOf(object), standing);
    }
    for (const object of known) {
      if (!objects.some((other) => keyOf(other) === keyOf(object))) tell(object, "removed");
    }
    known = objects;
    const finished = fetched &&
      (source.state !== "ready" || applied.every((object) =>
        isSettled(object, { asked, moment }) &&
        (object.state !== "ready" || object.revision === source.revision)
      ));
    if (finished || clock.now() >= end) {
      return { server: api.server, revision: source.revision, finished, objects };
    }
    await clock.sleep(LOOK_MS, signal);
  }
}

/** True where the object has come to a result for the request. */
function isSettled(
  object: FluxObject,
  { asked, moment }: { readonly asked: ReadonlySet<string>; readonly moment: string },
): boolean {
  if (object.state === "suspended") return true;
  return asked.has(keyOf(object)) && object.handledRequest === moment &&
    object.state !== "progressing";
}

/** The source of this cluster's repository, and the Kustomizations that apply parts of it. */
async function look(
  api: KubernetesApi,
  { signal, namespace }: { readonly signal: AbortSignal; readonly namespace: string },
) {
  const flux = await readFlux(api, { signal });
  if (flux === undefined) throw notInstalledError();
  const source = flux.objects.find((object) =>
    object.kind === "GitRepository" && object.namespace === namespace && object.name === ROOT
  );
  if (source === undefined) {
    throw new UserError(`There is no GitRepository ${namespace}/${ROOT} in the cluster`, {
      hint: "Set git_repo_url and apply it: k3s-tool provision --tags gitops",
    });
  }
  const applied = flux.objects.filter((object) =>
    object.kind === "Kustomization" && object.source === `GitRepository/${ROOT}` &&
    object.namespace === namespace
  );
  return { source, applied };
}

async function requestLook(
  api: KubernetesApi,
  object: FluxObject,
  { moment, signal }: { readonly moment: string; readonly signal: AbortSignal },
): Promise<void> {
  try {
    await api.change({
      method: "PATCH",
      path: fluxPath(object.kind, object),
      body: { metadata: { annotations: { [REQUESTED_AT]: moment } } },
      signal,
    });
  } catch (error) {
    // Pruned in between: the next look finds it gone.
    if (!(error instanceof ApiError && error.status === 404)) throw error;
  }
}

function keyOf({ kind, namespace, name }: FluxObject): string {
  return `${kind} ${namespace}/${name}`;
}
