/**
 * A cluster to look at that needs none: for a first look, and for screenshots.
 *
 * @module
 */

import type { RunEvent } from "../ansible/events/event.ts";
import { performChange } from "../changes/perform_change.ts";
import { LIVE_COLLECTIONS } from "../live/live_collections.ts";
import type { LiveSession } from "../live/live_session.ts";
import type { LiveNews } from "../live/live_state.ts";
import {
  ApiError,
  type Change,
  type GetOptions,
  type KubernetesApi,
} from "../cluster/api/kubernetes_api.ts";
import { podLog } from "../cluster/read/pod_log.ts";
import { readObject } from "../cluster/api/requests.ts";
import { journaled } from "../cluster/api/request_journal.ts";
import type { Clock } from "../process/system.ts";
import { Home } from "./home.ts";
import { collectionOf, type HomePod, iso, type Json, lifeOf, podJson } from "./objects.ts";
import {
  fraction,
  inventory,
  K3S_VERSION,
  MACHINES,
  metricsOf,
  NEWCOMER,
  table,
  tailnetOf,
} from "./tables.ts";

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

/** What the program that fails prints each time it is started, a line a second. */
const STORY = `INFO  starting mqtt-bridge
INFO  reading /etc/bridge/config.yaml
INFO  connecting to mqtt.home.svc:1883
INFO  connected, subscribing to zigbee2mqtt/#

WARN  serial port /dev/ttyUSB0: no such device, trying again (1/3)
WARN  serial port /dev/ttyUSB0: no such device, trying again (2/3)
WARN  serial port /dev/ttyUSB0: no such device, trying again (3/3)
FATAL no coordinator: is the stick plugged in? giving up`.split("\n");

/** What the other apps log, picked at random: `#` becomes a number, an empty line logs nothing. */
const SPEECHES: Readonly<Record<string, readonly string[]>> = {
  serves: ['"GET /" 200 # ms', '"GET /api" 200 # ms', '"GET /app.js" 304 1 ms', "", ""],
  controls: ["INFO  reconciled services in # ms", "INFO  reconciled endpoints in # ms", "", ""],
  stores: ["LOG:  checkpoint complete: wrote # buffers", "LOG:  connection authorized", "", ""],
  infers: ["POST /api/chat 200, # tokens/s", "POST /api/embed 200 in # ms", "", ""],
};

const QUIET = ["INFO  still at work", ...Array<string>(29).fill("")];

/** The lines of a pod's log, the same for a second each time. @throws {ApiError} as an API server would */
async function* logLines(
  current: () => Home,
  clock: Clock,
  { pod, query = {}, signal }: GetOptions & { readonly pod: HomePod },
): AsyncGenerator<string, void> {
  const { now, seed } = current();
  const { does, name } = pod.app;
  const { startedAt, endedAt } = runOf(pod, { now, previous: query.previous === "true" });
  function* linesOf(from: number, to: number) {
    for (let at = from; at < to; at += 1000) {
      const chance = fraction(seed, `${pod.uid} ${at}`);
      const speech = SPEECHES[does] ?? QUIET;
      const said = at === startedAt
        ? `INFO  starting ${name}`
        : speech[Math.floor(chance * speech.length)]!.replace("#", `${Math.floor(chance * 97)}`);
      const line = does === "crashes" ? STORY[(at - startedAt) / 1000] : said;
      const stamp = query.timestamps === "true" ? `${iso(at).slice(0, -1)}.000000000Z ` : "";
      if (line) yield `${stamp}${iso(at)} ${line}`;
    }
  }
  let at = endedAt ?? now;
  // The node has rotated what was an hour ago.
  yield* [...linesOf(Math.max(startedAt, at - 3_600_000), at)].slice(-Number(query.tailLines));
  // The log ends with the container: where it has ended or restarted.
  while (query.follow === "true" && endedAt === undefined) {
    await clock.sleep(1000, signal);
    const { now, pods } = current();
    yield* linesOf(at, now);
    at = now;
    if (!pods.includes(pod) || lifeOf(pod, now).startedAt !== startedAt) return;
  }
}

/** The run of the container that is asked for. */
function runOf(
  pod: HomePod,
  { now, previous }: { readonly now: number; readonly previous: boolean },
): { readonly startedAt: number; readonly endedAt?: number } {
  const { stage, reason, startedAt, lastRun } = lifeOf(pod, now);
  const container = `container "${pod.app.name}" in pod "${pod.name}"`;
  const fail = (words: string) => new ApiError(400, "BadRequest", words, `${pod.name}/log`);
  if (previous && (!lastRun || stage === "ended")) {
    throw fail(`previous terminated ${container} not found`);
  }
  if (!previous && (stage === "running" || stage === "ready")) return { startedAt };
  // While it waits for its next start, its log is that of its last run.
  if (lastRun) return lastRun;
  const why = reason.replace(/.*Image.*/, "trying and failing to pull image");
  throw fail(`${container} is waiting to start: ${why}`);
}

/** The plays of `site.yml`, shortened: for which hosts a task is, and about how many seconds. */
const STEPS = table(
  ["play", "task", "at"],
  ["seconds"],
  `
Preflight | Check the host | all | 1.4
Prepare | Prepare the kernel | pi5 | 0.8
Prepare | Get k3s | pi5 | 6
Prepare | Write the configuration | pi5 | 0.8
Control plane | Start the service | nuc | 0.8
Workers | Start the service | pi5 | 4
Node settings | Settle all nodes | nuc | 0.9
Kubeconfig | Fetch the kubeconfig | nuc | 0.4
`,
);

/** Where a real run would say it is kept. */
const NOWHERE = "(simulated: nothing is written)";
const PLACE = { directory: NOWHERE, log: NOWHERE };

/** A run of `provision` that joins the one machine that is not yet in the cluster; the last event is of type `end`. */
async function* provisionRun(
  current: () => Home,
  clock: Clock,
  signal: AbortSignal,
): AsyncGenerator<RunEvent, void> {
  yield { type: "started", ...PLACE };
  yield { type: "run_start", playbook: "site.yml", check: false };
  const isDone = current().nodes.has(NEWCOMER);
  let hosts = MACHINES.slice(0, -1).map(({ name }) => name);
  let [last, rc] = ["", 0];
  for (const { play, task, at, seconds } of STEPS) {
    if (at === NEWCOMER && isDone) continue;
    if (play !== last) yield { type: "play_start", play, hosts };
    last = play;
    const asked = hosts.filter((host) => at === "all" || at === host);
    for (const host of asked) yield { type: "host_start", host, task };
    for (const host of asked) {
      // One is ready after the other.
      await clock.sleep(seconds * 1000 / asked.length, signal).catch(() => {});
      if (signal.aborted) return yield { type: "end", outcome: "interrupted", rc: 130, ...PLACE };
      const home = current();
      const result = { type: "result", host, play, task, seconds } as const;
      if (home.away?.name === host) {
        rc = 4;
        hosts = hosts.filter((each) => each !== host);
        const message = "Failed to connect to the host via ssh: Connection timed out";
        yield { ...result, status: "unreachable", message };
        continue;
      }
      if (at === NEWCOMER && task === "Start the service") home.join(host);
      yield { ...result, status: at === NEWCOMER ? "changed" : "ok" };
    }
  }
  yield { type: "end", outcome: rc === 0 ? "ok" : "failed", rc, ...PLACE };
}
