/**
 * Logs of the made-up home: which lines a container prints in a second follows from who it is and
 * from the second alone.
 *
 * @module
 */

import { ApiError, type GetOptions } from "../cluster/api/kubernetes_api.ts";
import type { Clock } from "../process/system.ts";
import type { Home } from "./home.ts";
import { type HomePod, iso, wordsOf } from "./objects.ts";
import { fraction } from "./tables.ts";

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
  const pod = pods.get(uid)!;
  const { does, name } = pod.app;
  const { startedAt, endedAt } = runOf(pod, query.previous === "true", path);
  const linesAt = (at: number) => {
    const chance = fraction(seed, `${uid} ${at}`);
    const second = (at - startedAt) / 1000;
    const speech = SPEECHES[does] ?? QUIET;
    const said = second === 0
      ? `INFO  starting ${name}`
      : speech[Math.floor(chance * speech.length)];
    const line = (does === "crashes" ? STORY[second] : said) ?? "";
    const stamp = query.timestamps === "true" ? `${iso(at).slice(0, -1)}.000000000Z ` : "";
    const words = line.replace(" #", ` ${Math.floor(chance * 9000) % 97}`);
    return line === "" ? [] : [`${stamp}${iso(at)} ${words}`];
  };
  const until = endedAt ?? now;
  // The node has rotated what was an hour ago.
  const seconds = Math.min((until - startedAt) / 1000, 3600);
  const before = Array.from({ length: seconds }, (_, index) => until - 1000 * (seconds - index));
  yield* before.flatMap(linesAt).slice(-Number(query.tailLines));
  // The log ends with the container: where it has ended or restarted.
  for (let at = until; query.follow === "true" && endedAt === undefined;) {
    await clock.sleep(1000, signal);
    const { now, pods } = current();
    for (; at < now; at += 1000) yield* linesAt(at);
    if (pods.get(uid)?.since !== startedAt) return;
  }
}

/** The run of the container that is asked for. */
function runOf(pod: HomePod, previous: boolean, path: string) {
  const { app, lastEnd, stage, name, since } = pod;
  const fail = (words: string) => new ApiError(400, "BadRequest", words, path);
  if (previous && (lastEnd === undefined || stage === "ended")) {
    throw fail(`previous terminated container "${app.name}" in pod "${name}" not found`);
  }
  if (!previous && (stage === "running" || stage === "ready")) {
    return { startedAt: since, endedAt: undefined };
  }
  // While it waits for its next start, its log is that of its last run.
  if (lastEnd !== undefined) return lastEnd;
  const reason = wordsOf(pod).reason.replace(/.*Image.*/, "trying and failing to pull image");
  throw fail(`container "${app.name}" in pod "${name}" is waiting to start: ${reason}`);
}
