/**
 * A cluster to look at that needs none: for a first look, and for screenshots.
 *
 * @module
 */

import { performChange } from "../changes/perform_change.ts";
import { LIVE_COLLECTIONS } from "../live/live_collections.ts";
import type { LiveSession } from "../live/live_session.ts";
import type { LiveNews } from "../live/live_state.ts";
import { ApiError, type Change, type KubernetesApi } from "../cluster/api/kubernetes_api.ts";
import { podLog } from "../cluster/read/pod_log.ts";
import { readObject } from "../cluster/api/requests.ts";
import { journaled } from "../cluster/api/request_journal.ts";
import type { Clock } from "../process/system.ts";
import { Home } from "./home.ts";
import { logLines } from "./log.ts";
import { collectionOf, type Json, podJson } from "./objects.ts";
import { provisionRun } from "./provision_run.ts";
import { inventory, K3S_VERSION, metricsOf, tailnetOf } from "./tables.ts";

/** What the API server is called; nothing listens anywhere. */
const SERVER = "simulated";

/** How often it is looked what is new, and measured, in milliseconds. */
const [LOOK_MS, MEASURED_MS] = [1_000, 5_000];

/**
 * A session with a made-up home: six machines, some thirty pods, and what goes wrong in homes. It
 * is always the same at the same time after its start; another seed is another home's luck.
 *
 * Nothing runs between looks: time is made up for when somebody looks.
 */
export function demoSession(
  { clock, seed = 1 }: { readonly clock: Clock; readonly seed?: number },
): LiveSession {
  const seconds = () => Math.floor(clock.now() / 1000) * 1000;
  const home = new Home(seed, seconds());
  const current = () => home.playTo(seconds());
  const { api, requests } = journaled(homeApi(current, clock), clock);
  return {
    news: (signal) => newsOf(current, clock, signal),
    lookAt: () => {},
    retry: () => {},
    read: (object, signal) => readObject(api, object, { signal }),
    logs: (request, signal) => podLog(api, request, { signal }),
    perform: (change, signal) => performChange(api, change, { signal, clock }),
    shell: undefined,
    forward: undefined,
    provision: (signal) => provisionRun(current, clock, signal),
    otherRuns: undefined,
    requests,
  };
}

async function* newsOf(
  current: () => Home,
  clock: Clock,
  signal: AbortSignal,
): AsyncGenerator<readonly LiveNews[], void> {
  let told = new Map<string, Json>();
  let away: Home["away"] | null = null;
  let measured = 0;
  let news: LiveNews[] = [
    { type: "connection", connection: { state: "live" } },
    { type: "server", server: SERVER, version: K3S_VERSION, insteadOf: undefined },
    { type: "inventory", inventory: { known: true, value: inventory } },
  ];
  while (!signal.aborted) {
    const home = current();
    const objects = new Map(home.objects().map((object) => [object.metadata.uid, object]));
    for (const [uid, { kind }] of told) {
      if (!objects.has(uid)) news.push({ type: "gone", collection: collectionOf(kind), uid });
    }
    for (const [uid, object] of objects) {
      if (JSON.stringify(object) === JSON.stringify(told.get(uid))) continue;
      const collection = collectionOf(object.kind);
      const seen = { type: "seen", collection, object: LIVE_COLLECTIONS[collection]!.pick(object) };
      news.push(seen as LiveNews);
    }
    told = objects;
    if (away !== home.away) {
      news.push({ type: "tailnet", tailnet: { known: true, value: tailnetOf(home) } });
    }
    away = home.away;
    if (measured !== Math.floor(home.now / MEASURED_MS)) {
      measured = Math.floor(home.now / MEASURED_MS);
      news.push({ type: "metrics", metrics: metricsOf(home) });
    }
    if (news.length > 0) yield news;
    news = [];
    await clock.sleep(LOOK_MS, signal).catch((error) => {
      if (!signal.aborted) throw error;
    });
  }
}

/** The home as an API server: the very code that reads and changes a real one does it here too. */
function homeApi(current: () => Home, clock: Clock): KubernetesApi {
  return {
    server: SERVER,
    get: (path, { query } = {}) =>
      Promise.try(() => {
        const home = current();
        if (path !== LIVE_COLLECTIONS.pods!.path) {
          return JSON.parse(JSON.stringify(findObject(home, path)));
        }
        // Pods alone are listed, those of a node.
        const node = String(query?.fieldSelector).replace("spec.nodeName=", "");
        const pods = home.pods.filter((pod) => pod.node === node);
        return { items: pods.map((pod) => podJson(home, pod)) };
      }),
    lines: async function* (path, options = {}) {
      const home = current();
      const { metadata } = findObject(home, path.replace(/\/log$/, ""));
      const pod = home.pods.find(({ uid }) => uid === metadata.uid)!;
      yield* logLines(current, clock, { pod, ...options });
    },
    change: (change) => Promise.try(() => changeHome(current(), change)),
    open: (path) => Promise.reject(new ApiError(501, "", "nothing runs in the demo", path)),
    close: () => Promise.resolve(),
  };
}

/** The object at a path. @throws {ApiError} where there is none */
function findObject(home: Home, path: string): Json {
  const [name, resource, namespace] = path.split("/").reverse();
  const found = home.objects().find(({ kind, metadata }) =>
    `${kind.toLowerCase()}s` === resource && metadata.name === name &&
    [undefined, namespace].includes(metadata.namespace)
  );
  if (found === undefined) throw new ApiError(404, "NotFound", `${name} was not found`, path);
  return found;
}

/** What a person changes. @throws {ApiError} as an API server would */
function changeHome(home: Home, { path, body }: Change): void {
  const { kind, metadata } = findObject(home, path.replace(/\/(scale|eviction)$/, ""));
  // Nobody but this tool asks here, and it asks for nothing else.
  const { spec = {} } = (body ?? {}) as {
    readonly spec?: { unschedulable?: boolean; replicas?: number; template?: unknown };
  };
  if (kind === "Node") {
    home.nodes.get(metadata.name)!.cordoned = spec.unschedulable === true;
  } else if (kind === "Pod") {
    home.end(home.pods.find(({ uid }) => uid === metadata.uid)!);
  } else {
    const workload = home.workloads.find((app) =>
      app.kind === kind && app.name === metadata.name && app.namespace === metadata.namespace
    )!;
    if (spec.template === undefined) workload.replicas = spec.replicas!;
    else home.restart(workload);
  }
}
