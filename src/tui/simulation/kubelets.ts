/**
 * What becomes of pods on their nodes: images are pulled or not, containers start, become ready,
 * fail, finish and end.
 *
 * @module
 */

import { type App, appOf } from "./apps.ts";
import { changePod, type Draft, podAbout, say, type SimPod } from "./model.ts";

/** How long a container takes to end, in seconds. */
const END_SECONDS = 3;

/** How long a failing container waits for its next start, in seconds; doubled up to the longest. */
const BACK_OFF = { first: 10, longest: 40 };

/** How often an image is tried again, in seconds. */
const PULL_SECONDS = 15;

/** A kubelet reminds of a container that waits so often, in seconds. */
const REMIND_SECONDS = 10;

/** One second of every kubelet that is not cut off. */
export function stepKubelets(draft: Draft): void {
  for (const pod of [...draft.pods.values()]) {
    if (pod.node === undefined || draft.peers.get(pod.node)?.online === false) continue;
    const seconds = (draft.now - pod.since) / 1000;
    if (pod.endingSince !== undefined) {
      if (draft.now - pod.endingSince >= END_SECONDS * 1000) draft.pods.delete(pod.uid);
      else if (pod.ready) changePod(draft, pod, { ready: false });
    } else if (pod.stage === "creating") create(draft, pod, seconds);
    else if (pod.stage === "running") run(draft, pod, seconds);
    else if (pod.stage === "waiting") wait(draft, pod, seconds);
  }
}

/** The image of a pod with its tag. */
export function imageOf({ app, release }: Pick<SimPod, "app" | "release">): string {
  const { image, tag } = appOf(app);
  return `${image}:${tag(release)}`;
}

function create(draft: Draft, pod: SimPod, seconds: number): void {
  const app = appOf(pod.app);
  if (seconds < app.start) return;
  if (app.behaviour === "no-image") failPull(draft, pod);
  else start(draft, pod, app);
}

function start(draft: Draft, pod: SimPod, app: App): void {
  const about = podAbout(pod);
  const image = imageOf(pod);
  say(draft, about, {
    reason: "Pulled",
    message: `Container image "${image}" already present on machine`,
  });
  say(draft, about, { reason: "Started", message: `Started container ${app.name}` });
  changePod(draft, pod, { stage: "running", since: draft.now, reason: "", ready: false });
}

function run(draft: Draft, pod: SimPod, seconds: number): void {
  const app = appOf(pod.app);
  const ended = { startedAt: pod.since, endedAt: draft.now };
  if (app.behaviour === "finish") {
    if (seconds >= app.works) {
      const lastEnd = { ...ended, exitCode: 0 };
      changePod(draft, pod, { stage: "ended", since: draft.now, ready: false, lastEnd });
    }
  } else if (app.behaviour === "crash") {
    if (seconds < app.works) return;
    changePod(draft, pod, {
      stage: "waiting",
      since: draft.now,
      reason: "CrashLoopBackOff",
      ready: false,
      restarts: pod.restarts + 1,
      lastEnd: { ...ended, exitCode: 1 },
    });
    remindOfCrash(draft, pod);
  } else if (!pod.ready && seconds >= app.warmUp && draft.nodes.get(pod.node!)?.ready) {
    changePod(draft, pod, { ready: true });
  } else if (!pod.ready && seconds > 0 && seconds === Math.floor(app.warmUp / 2)) {
    say(draft, podAbout(pod), {
      warning: true,
      reason: "Unhealthy",
      message: `Readiness probe failed: dial tcp: connect: connection refused`,
    });
  }
}

function wait(draft: Draft, pod: SimPod, seconds: number): void {
  const app = appOf(pod.app);
  if (app.behaviour === "no-image") {
    if (seconds < PULL_SECONDS) return;
    if (pod.reason === "ErrImagePull") {
      say(draft, podAbout(pod), {
        reason: "BackOff",
        message: `Back-off pulling image "${imageOf(pod)}"`,
      });
      changePod(draft, pod, { reason: "ImagePullBackOff", since: draft.now });
    } else failPull(draft, pod);
  } else if (seconds >= backOffSeconds(pod)) start(draft, pod, app);
  else if (seconds % REMIND_SECONDS === 0) remindOfCrash(draft, pod);
}

/** How long a pod that failed so often waits, in seconds. */
export function backOffSeconds({ restarts }: Pick<SimPod, "restarts">): number {
  return Math.min(BACK_OFF.longest, BACK_OFF.first * 2 ** Math.min(10, Math.max(0, restarts - 1)));
}

function remindOfCrash(draft: Draft, pod: SimPod): void {
  const { name } = appOf(pod.app);
  say(draft, podAbout(pod), {
    warning: true,
    reason: "BackOff",
    message: `Back-off restarting failed container ${name} in pod ${pod.name}_${pod.namespace}`,
  });
}

function failPull(draft: Draft, pod: SimPod): void {
  const message = pullWords(pod);
  say(draft, podAbout(pod), { warning: true, reason: "Failed", message });
  changePod(draft, pod, { stage: "waiting", since: draft.now, reason: "ErrImagePull" });
}

/** Why its image is not there. */
export function pullWords(pod: Pick<SimPod, "app" | "release">): string {
  const image = imageOf(pod);
  return `Failed to pull image "${image}": rpc error: code = NotFound desc = failed to pull and ` +
    `unpack image "${image}": ${image}: not found`;
}
