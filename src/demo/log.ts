/**
 * Logs of the made-up home: which lines a container prints in a second follows from who it is and
 * from the second alone.
 *
 * @module
 */

import { ApiError, type GetOptions } from "../cluster/api/kubernetes_api.ts";
import type { Clock } from "../process/system.ts";
import type { Home } from "./home.ts";
import { type HomePod, iso, lifeOf } from "./objects.ts";
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

/** What the other apps log, picked at random: `#` becomes a number, an empty line logs nothing. */
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
  const known = [...linesOf(Math.max(startedAt, at - 3_600_000), at)];
  yield* known.slice(-Number(query.tailLines));
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
