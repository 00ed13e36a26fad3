/**
 * The simulated home from its beginning on, second by second. Pure.
 *
 * @module
 */

import { appOf, APPS, idOf } from "./apps.ts";
import { stepWorkloads } from "./controllers.ts";
import { stepJobs } from "./jobs.ts";
import { stepKubelets } from "./kubelets.ts";
import { MACHINES } from "./machines.ts";
import {
  changePod,
  type Draft,
  draftOf,
  forgetEvents,
  newUid,
  say,
  type SimState,
} from "./model.ts";
import { nodeAbout, stepNetwork } from "./network.ts";
import { makePod } from "./pods.ts";
import { schedule } from "./scheduler.ts";

const DAY_MS = 86_400_000;

/** How long it has run already when it is first looked at, in seconds: nothing is just starting. */
const BEFORE = 240;

/**
 * The home as it is at a moment.
 *
 * @param startedAt milliseconds since the epoch; taken down to a whole second
 */
export function beginHome({ seed, startedAt }: {
  readonly seed: number;
  readonly startedAt: number;
}): SimState {
  const now = Math.floor(startedAt / 1000) * 1000;
  const draft = draftOf({
    seed,
    startedAt: now - BEFORE * 1000,
    now: now - BEFORE * 1000,
    made: 0,
    peers: new Map(),
    nodes: new Map(),
    workloads: new Map(),
    pods: new Map(),
    events: new Map(),
  });
  for (const { name, joined } of MACHINES) {
    draft.peers.set(name, { name, online: true, since: draft.now });
    if (joined) addNode(draft, name, { joinedAt: draft.now - 63 * DAY_MS });
  }
  addApps(draft);
  for (let second = 0; second < BEFORE; second++) tick(draft);
  age(draft);
  return { ...draft, startedAt: now };
}

/** The home after so many seconds; the state given stays as it is. */
export function advance(state: SimState, seconds: number): SimState {
  if (seconds <= 0) return state;
  const draft = draftOf(state);
  for (let second = 0; second < seconds; second++) tick(draft);
  return draft;
}

/** A machine becomes a node while others look on. */
export function joinNode(draft: Draft, name: string): void {
  if (draft.nodes.has(name)) return;
  addNode(draft, name, { joinedAt: draft.now });
  say(draft, nodeAbout({ name }), {
    reason: "RegisteredNode",
    message: `Node ${name} event: Registered Node ${name} in Controller`,
  });
}

function addNode(draft: Draft, name: string, { joinedAt }: { readonly joinedAt: number }): void {
  draft.nodes.set(name, {
    name,
    uid: newUid(draft),
    joinedAt,
    cordoned: false,
    ready: true,
    readySince: joinedAt,
  });
}

function tick(draft: Draft): void {
  draft.now += 1000;
  stepNetwork(draft);
  stepJobs(draft);
  stepWorkloads(draft);
  schedule(draft);
  stepKubelets(draft);
  forgetEvents(draft);
}

function addApps(draft: Draft): void {
  for (const app of APPS) {
    const id = idOf(app);
    if (app.kind === undefined) {
      makePod(draft, id);
      continue;
    }
    draft.workloads.set(id, {
      uid: newUid(draft),
      kind: app.kind,
      namespace: app.namespace,
      name: app.name,
      app: id,
      bornAt: draft.now - app.days * DAY_MS,
      replicas: app.replicas,
      release: 1,
      revision: 1,
      restartedAt: undefined,
      generation: 1,
      status: {
        generation: 0,
        pods: 0,
        updated: 0,
        ready: 0,
        wanted: app.kind === "CronJob" ? 0 : app.replicas,
      },
      owner: undefined,
      doneAt: undefined,
    });
  }
}

/** What has run all the time is as old as what keeps it, and nobody speaks of its beginning. */
function age(draft: Draft): void {
  const settled = new Set<string>();
  for (const pod of draft.pods.values()) {
    const { days, releasedEvery, behaviour } = appOf(pod.app);
    if (releasedEvery !== undefined || pod.app.startsWith("CronJob ")) continue;
    const before = days * DAY_MS;
    const { lastEnd } = pod;
    const steady = behaviour === "serve" || behaviour === "finish";
    if (steady) settled.add(pod.uid);
    changePod(draft, pod, {
      bornAt: pod.bornAt - before,
      // A container that fails was started a moment ago.
      ...(steady ? { since: pod.since - before } : {}),
      ...(behaviour === "crash" ? { restarts: pod.restarts + 212 } : {}),
      ...(steady && lastEnd !== undefined
        ? {
          lastEnd: {
            ...lastEnd,
            startedAt: lastEnd.startedAt - before,
            endedAt: lastEnd.endedAt - before,
          },
        }
        : {}),
    });
  }
  for (const [id, workload] of draft.workloads) {
    const { days, releasedEvery } = appOf(workload.app);
    if (releasedEvery !== undefined || workload.app.startsWith("CronJob ")) continue;
    settled.add(workload.uid);
    if (workload.doneAt !== undefined) {
      draft.workloads.set(id, { ...workload, doneAt: workload.doneAt - days * DAY_MS });
    }
  }
  for (const [id, { about }] of draft.events) {
    if (settled.has(about.uid)) draft.events.delete(id);
  }
}
