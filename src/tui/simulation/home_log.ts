/**
 * Logs of the simulated home, as its API server streams them.
 *
 * @module
 */

import { ApiError, type GetOptions } from "../../cluster/api/kubernetes_api.ts";
import type { Clock } from "../../process/system.ts";
import { appOf } from "./apps.ts";
import { linesOfSecond, type Printer } from "./log_words.ts";
import type { SimPod, SimState } from "./model.ts";
import type { Player } from "./player.ts";

/** A log goes back so far, in milliseconds: the node has rotated what was before. */
const KEPT_MS = 3_600_000;

/** How often it is looked for new lines, in milliseconds. */
const LOOK_MS = 1_000;

/** The lines of `…/pods/NAME/log`. @throws {ApiError} as an API server would */
export async function* logLines(
  player: Player,
  clock: Clock,
  { path, query = {}, signal }: GetOptions & { readonly path: string },
): AsyncGenerator<string, void> {
  signal?.throwIfAborted();
  const [, namespace, name] = /\/namespaces\/([^/]+)\/pods\/([^/]+)\/log$/.exec(path) ?? [];
  const state = player.current();
  const pod = state.pods.values().find((each) =>
    each.name === name && each.namespace === namespace
  );
  if (pod === undefined) throw new ApiError(404, "NotFound", `pods "${name}" not found`, path);
  const run = runOf(pod, { path, query });
  const printer = printerOf(state, pod, run.startedAt);
  const stamp = query.timestamps === "true"
    ? (at: number, line: string) => `${new Date(at).toISOString().slice(0, -1)}000000Z ${line}`
    : (_: number, line: string) => line;

  const until = run.endedAt ?? state.now;
  const tail = Number(query.tailLines ?? Infinity);
  yield* lastLines(printer, { until, tail }).map(([at, line]) => stamp(at, line));
  if (query.follow !== "true") return;
  for (let at = until; run.endedAt === undefined;) {
    await clock.sleep(LOOK_MS, signal);
    const now = player.current();
    const alive = now.pods.get(pod.uid);
    for (; at < now.now; at += 1000) {
      for (const line of linesOfSecond(printer, at)) yield stamp(at, line);
    }
    // The container has ended, or was started anew: its log is at its end.
    if (alive?.stage !== "running" || alive.since !== run.startedAt) return;
  }
}

/** The run of the container that is asked for. */
function runOf(
  pod: SimPod,
  { path, query }: Required<Pick<GetOptions, "query">> & { readonly path: string },
): { readonly startedAt: number; readonly endedAt: number | undefined } {
  const { name } = appOf(pod.app);
  const fail = (words: string) => new ApiError(400, "BadRequest", words, path);
  const { container } = query;
  if (container !== undefined && container !== name) {
    throw fail(`container ${container} is not valid for pod ${pod.name}`);
  }
  const last = pod.lastEnd;
  if (query.previous === "true") {
    if (last === undefined || pod.stage === "ended") {
      throw fail(`previous terminated container "${name}" in pod "${pod.name}" not found`);
    }
    return last;
  }
  if (pod.stage === "running") return { startedAt: pod.since, endedAt: undefined };
  // While it waits for its next start, its log is that of its last run.
  if (last !== undefined) return last;
  throw pod.node === undefined ? fail(`pod ${pod.name} does not have a host assigned`) : fail(
    `container "${name}" in pod "${pod.name}" is waiting to start: ` +
      (pod.stage === "creating" ? "ContainerCreating" : "trying and failing to pull image"),
  );
}

function printerOf({ seed }: SimState, { app, uid }: SimPod, startedAt: number): Printer {
  return { app: appOf(app), uid, startedAt, seed };
}

function lastLines(
  printer: Printer,
  { until, tail }: { readonly until: number; readonly tail: number },
): readonly (readonly [at: number, line: string])[] {
  const found: (readonly [number, string])[] = [];
  const from = Math.max(printer.startedAt, until - KEPT_MS);
  for (let at = until - 1000; at >= from && found.length < tail; at -= 1000) {
    for (const line of linesOfSecond(printer, at).toReversed()) found.push([at, line]);
  }
  return found.slice(0, Math.max(0, tail)).reverse();
}
