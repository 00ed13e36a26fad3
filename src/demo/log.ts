/**
 * Logs of the made-up home: which lines a container prints in a second follows from who it is and
 * from the second alone.
 *
 * @module
 */

import { ApiError, type GetOptions } from "../cluster/api/kubernetes_api.ts";
import type { Clock } from "../process/system.ts";
import { fraction } from "./tables.ts";
import type { Home } from "./home.ts";
import { type HomePod, iso } from "./objects.ts";

/** What the program that fails prints each time it is started, a line a second. */
const STORY = `INFO  starting mqtt-bridge
INFO  reading /etc/bridge/config.yaml
INFO  connecting to mqtt.home.svc:1883
INFO  connected, subscribing to zigbee2mqtt/#

WARN  serial port /dev/ttyUSB0: no such device, trying again (1/3)
WARN  serial port /dev/ttyUSB0: no such device, trying again (2/3)
WARN  serial port /dev/ttyUSB0: no such device, trying again (3/3)
FATAL no coordinator: is the stick plugged in? giving up`.split("\n");

/** What the other apps log, picked at random: ` #` becomes a number, an empty line logs nothing. */
const SPEECHES: Readonly<Record<string, readonly string[]>> = {
  serves: ['"GET /" 200 # ms', '"GET /api" 200 # ms', '"GET /app.js" 304 1 ms', "", ""],
  controls: ["INFO  reconciled services in # ms", "INFO  reconciled endpoints in # ms", "", ""],
  stores: ["LOG:  checkpoint complete: wrote # buffers", "LOG:  connection authorized", "", ""],
  infers: ["POST /api/chat 200, # tokens/s", "POST /api/embed 200 in # ms", "", ""],
};

const QUIET = ["INFO  still at work", ...Array<string>(29).fill("")];

/** The lines of a pod's log. @throws {ApiError} as an API server would */
export async function* logLines(
  current: () => Home,
  clock: Clock,
  { uid, path, query = {}, signal }: GetOptions & { readonly uid: string; readonly path: string },
): AsyncGenerator<string, void> {
  const { now, seed, pods } = current();
  const { app, ...pod } = pods.get(uid)!;
  const { startedAt, endedAt } = runOf({ app, ...pod }, query.previous === "true", path);
  const linesAt = (at: number) => {
    const chance = fraction(seed, `${uid} ${at}`);
    const second = (at - startedAt) / 1000;
    const speech = SPEECHES[app.does] ?? QUIET;
    const said = speech[Math.floor(chance * speech.length)];
    const own = second === 0 ? `INFO  starting ${app.name}` : said;
    const line = app.does === "crashes" ? STORY[second] : own;
    const stamp = query.timestamps === "true" ? `${iso(at).slice(0, -1)}.000000000Z ` : "";
    return line
      ? [`${stamp}${iso(at)} ${line.replace(" #", ` ${Math.floor(chance * 9000) % 97}`)}`]
      : [];
  };
  const until = endedAt ?? now;
  const before: string[] = [];
  // The node has rotated what was an hour ago.
  const from = Math.max(startedAt, until - 3_600_000);
  for (let at = until - 1000; at >= from && before.length < Number(query.tailLines); at -= 1000) {
    before.unshift(...linesAt(at));
  }
  yield* before;
  for (let at = until; query.follow === "true" && endedAt === undefined;) {
    await clock.sleep(1000, signal);
    const { now, pods } = current();
    for (; at < now; at += 1000) yield* linesAt(at);
    // The container has ended or restarted, so its log ends here.
    const alive = pods.get(uid);
    if (alive === undefined || alive.since !== startedAt) return;
  }
}

/** The run of the container that is asked for. */
function runOf(pod: HomePod, previous: boolean, path: string) {
  const { app, lastEnd, stage, name } = pod;
  const fail = (words: string) => new ApiError(400, "BadRequest", words, path);
  if (previous && (lastEnd === undefined || stage === "ended")) {
    throw fail(`previous terminated container "${app.name}" in pod "${name}" not found`);
  }
  if (!previous && (stage === "running" || stage === "ready")) {
    return { startedAt: pod.since, endedAt: undefined };
  }
  // While it waits for its next start, its log is that of its last run.
  if (lastEnd !== undefined) return lastEnd;
  if (pod.node === undefined) throw fail(`pod ${name} does not have a host assigned`);
  const reason = pod.why?.reason;
  const why = reason === "ContainerCreating" ? reason : "trying and failing to pull image";
  throw fail(`container "${app.name}" in pod "${name}" is waiting to start: ${why}`);
}
