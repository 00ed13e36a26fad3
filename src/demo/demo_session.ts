/**
 * A cluster to look at that needs none: for a first look, and for screenshots.
 *
 * @module
 */

import { performChange } from "../changes/perform_change.ts";
import { LIVE_COLLECTIONS } from "../live/live_collections.ts";
import type { LiveSession } from "../live/live_session.ts";
import type { LiveNews } from "../live/live_state.ts";
import type { ClusterNews, CollectionName } from "../cluster/watch/cluster_state.ts";
import { ApiError, type Change, type KubernetesApi } from "../cluster/api/kubernetes_api.ts";
import { podLog } from "../cluster/read/pod_log.ts";
import { readObject } from "../cluster/api/requests.ts";
import { journaled } from "../cluster/api/request_journal.ts";
import type { Clock } from "../process/system.ts";
import { Home, type HomeObjects } from "./home.ts";
import { logLines } from "./log.ts";
import type { Json } from "./objects.ts";
import { provisionRun } from "./provision_run.ts";
import { inventory, K3S_VERSION, metricsOf, tailnetOf } from "./tables.ts";

/** What the API server is called; nothing listens anywhere. */
const SERVER = "simulated";

/** How often it is looked what is new, and measured, in milliseconds. */
const [LOOK_MS, MEASURED_MS] = [250, 5_000];

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
  let told = { objects: new Map() as HomeObjects, away: undefined as Home["away"] | undefined };
  let measured = NaN;
  let news: LiveNews[] = [
    { type: "connection", connection: { state: "live" } },
    { type: "server", server: SERVER, version: K3S_VERSION, insteadOf: undefined },
    { type: "inventory", inventory: { known: true, value: inventory } },
    ...(Object.keys(LIVE_COLLECTIONS) as CollectionName[]).map((collection) =>
      ({ type: "listed", collection, objects: [] }) as const
    ),
  ];
  while (!signal.aborted) {
    const home = current();
    const { objects, away } = home;
    news.push(...changes(told.objects, objects));
    if (told.away !== away) {
      news.push({ type: "tailnet", tailnet: { known: true, value: tailnetOf(home) } });
    }
    told = { objects, away };
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

function changes(before: HomeObjects, after: HomeObjects): ClusterNews[] {
  const gone = [...before].filter(([uid]) => !after.has(uid));
  const seen = [...after].filter(([uid, { text }]) => before.get(uid)?.text !== text);
  return [
    ...gone.map(([uid, { collection }]) => ({ type: "gone", collection, uid })),
    ...seen.map(([, { collection, json }]) => ({
      type: "seen",
      collection,
      object: LIVE_COLLECTIONS[collection]!.pick(json),
    })),
  ] as ClusterNews[];
}

/** The home as an API server: the very code that reads and changes a real one does it here too. */
function homeApi(current: () => Home, clock: Clock): KubernetesApi {
  return {
    server: SERVER,
    get: (path, { query, signal } = {}) =>
      Promise.try(() => {
        signal?.throwIfAborted();
        const home = current();
        if (path !== LIVE_COLLECTIONS.pods!.path) return findObject(home, path);
        // Pods alone are listed, those of a node.
        const node = String(query?.fieldSelector).replace("spec.nodeName=", "");
        const pods = [...home.pods.values()].filter((pod) => pod.node === node);
        return { items: pods.map(({ uid }) => home.objects.get(uid)!.json) };
      }),
    lines: async function* (path, options = {}) {
      const { metadata: { uid } } = findObject(current(), path.replace(/\/log$/, ""));
      yield* logLines(current, clock, { uid, path, ...options });
    },
    change: (change) =>
      Promise.try(() => {
        change.signal?.throwIfAborted();
        const home = current();
        home.act(() => changeHome(home, change));
      }),
    close: () => Promise.resolve(),
  };
}

/** The object at a path. @throws {ApiError} where there is none */
function findObject({ objects }: Home, path: string): Json {
  const [name, resource, ...rest] = path.split("/").reverse();
  const namespace = rest[1] === "namespaces" ? rest[0] : undefined;
  const found = objects.values().find(({ json: { kind, metadata } }) =>
    `${kind.toLowerCase()}s` === resource && metadata.namespace === namespace &&
    metadata.name === name
  );
  if (found === undefined) throw new ApiError(404, "NotFound", `${name} was not found`, path);
  return found.json;
}

/** What a person changes. @throws {ApiError} as an API server would */
function changeHome(home: Home, { path, body }: Change): void {
  const { kind, metadata } = findObject(home, path.replace(/\/(scale|eviction)$/, ""));
  // Nobody but this tool asks here, and it asks for nothing else.
  const { spec = {} } = (body ?? {}) as {
    readonly spec?: { unschedulable?: boolean; replicas?: number; template?: unknown };
  };
  if (kind === "Node") {
    const cordoned = spec.unschedulable === true;
    const reason = cordoned ? "NodeNotSchedulable" : "NodeSchedulable";
    return home.setNode(metadata.name, { cordoned }, reason);
  }
  if (kind === "Pod") return home.end(home.pods.get(metadata.uid)!);
  const workload = home.workloads.get(metadata.uid)!;
  if (spec.template !== undefined) home.restart(workload);
  else home.workloads.set(workload.uid, { ...workload, ...spec as { replicas: number } });
}
