/**
 * Life for the cluster without machines: containers that restart, so many a second, and a change now and
 * then that can be recognised on a screen.
 *
 * @module
 */

import type { ScaleApi } from "./scale_api.ts";
import { MARK } from "./scale_objects.ts";

/** Milliseconds between two bursts of changes. */
const TICK = 50;

/** Requests under way beyond which no more are begun: the API server does not keep up then. */
const MOST_AT_ONCE = 200;

interface PodNames {
  readonly items: readonly {
    readonly metadata: {
      readonly name: string;
      readonly namespace: string;
      readonly labels?: Readonly<Record<string, string>>;
    };
  }[];
}

/** Changes that go on until they are disposed of. */
export interface Changes extends AsyncDisposable {
  /** Changes that the API server has answered so far. */
  made(): number;
}

/**
 * Lets containers of random pods restart, `perSecond` of them, which every watcher of pods sees.
 *
 * @throws {Error} when disposed of, where a change was refused
 */
export async function startChanges(
  api: ScaleApi,
  { perSecond }: { readonly perSecond: number },
): Promise<Changes> {
  const { items } = await api.get<PodNames>("/api/v1/pods?labelSelector=app");
  if (items.length === 0) throw new Error("there are no pods to change");
  const restarts = new Map<number, number>();
  const underWay = new Set<Promise<void>>();
  let made = 0;
  let failure: unknown;
  let owed = 0;
  const restartOne = async () => {
    const index = Math.floor(Math.random() * items.length);
    const { name, namespace, labels } = items[index]!.metadata;
    const count = (restarts.get(index) ?? 0) + 1;
    restarts.set(index, count);
    const status = { containerStatuses: [running(labels?.app ?? name, count)] };
    await api.patch(`/api/v1/namespaces/${namespace}/pods/${name}/status`, { status });
    made++;
  };
  const timer = setInterval(() => {
    owed += perSecond * TICK / 1000;
    for (; owed >= 1 && underWay.size < MOST_AT_ONCE; owed--) {
      const change: Promise<void> = restartOne()
        .catch((error) => void (failure ??= error))
        .finally(() => underWay.delete(change));
      underWay.add(change);
    }
    owed = Math.min(owed, perSecond); // what could not be made in a second is not made up for
  }, TICK);
  return {
    made: () => made,
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await Promise.all(underWay);
      if (failure !== undefined) throw failure;
    },
  };
}

/** Gives the marked pod a reason why it does not run: a word that lists of pods show. */
export async function setMark(api: ScaleApi, reason: string): Promise<void> {
  await api.patch(`/api/v1/namespaces/${MARK.namespace}/pods/${MARK.pod}/status`, {
    status: {
      conditions: [{ type: "Ready", status: "False", reason: "ContainersNotReady" }],
      containerStatuses: [{
        ...container(MARK.pod, 0),
        ready: false,
        state: { waiting: { reason } },
      }],
    },
  });
}

function running(name: string, restartCount: number) {
  const now = new Date().toISOString().replace(/\.\d+/, "");
  return {
    ...container(name, restartCount),
    state: { running: { startedAt: now } },
    lastState: { terminated: { exitCode: 1, reason: "Error", startedAt: now, finishedAt: now } },
  };
}

function container(name: string, restartCount: number) {
  return { name, image: "docker.io/lab/hello:1", imageID: "", ready: true, restartCount };
}
