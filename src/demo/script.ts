/**
 * What happens in the made-up home: a list of seconds and of what is put, changed or taken then.
 *
 * @module
 */

import { hex, uid } from "./chance.ts";
import { Home } from "./home.ts";
import {
  condition,
  type HomePod,
  type HomeWorkload,
  iso,
  manifest,
  newNode,
  newWorkload,
  serviceJson,
} from "./objects.ts";
import { type App, APPS, MACHINES, NEWCOMER, REPOSITORY } from "./tables.ts";

const DAY_MS = 86_400_000;

/** The machine whose network comes and goes. */
const SHAKY = "pi4";

/** By seconds; the home is first looked at in second 0, and what is before has happened then. */
const SCRIPT: readonly (readonly [second: number, step: (home: Home) => void])[] = [
  [-60, begin],
  [-40, push],
  [76, push],
  // Its network is gone; the cluster notices late (Kubernetes 1.36 waits for 50 seconds).
  [100, (home) => home.away = new Map([[SHAKY, home.now]])],
  [150, (home) => home.setReady(SHAKY, false)],
  // Somebody pushes a commit that cannot be built, and fixes it with the next one.
  [166, (home) => push(home, "media")],
  [190, (home) => home.away = new Map()],
  [192, (home) => home.setReady(SHAKY, true)],
  [256, push],
  [346, push],
  // A program starts, fails after nine seconds and waits for its next start; an image is missing.
  ...everyMinute([46], "crashes", (home, pod) => home.run(pod)),
  ...everyMinute([5, 15, 25, 35, 55], "crashes", (home, pod) => home.crash(pod)),
  ...everyMinute([10, 28, 40, 58], "lacks-image", (home, pod) => home.pull(pod)),
];

/** Beats of the pods that are not well, but for those that are just coming or going. */
function everyMinute(
  seconds: readonly number[],
  does: string,
  step: (home: Home, pod: HomePod) => void,
) {
  const play = (home: Home) => {
    for (const pod of home.pods.values()) {
      const moves = pod.endingSince !== undefined || pod.reason === "ContainerCreating";
      const isHeard = pod.node !== undefined && !home.away.has(pod.node);
      if (pod.app.does === does && isHeard && !moves) step(home, pod);
    }
  };
  const all = [-60, 0, 60, 120, 180, 240, 300].flatMap((from) => seconds.map((at) => from + at));
  return all.map((second) => [second, play] as const);
}

/** The home at a moment; everything runs in it already. */
export function beginHome(seed: number, start: number): Home {
  const home = new Home(seed, start);
  home.now += SCRIPT[0]![0] * 1000;
  play(home, start);
  home.playTo(start);
  return home;
}

function play(home: Home, start: number): void {
  const until = (second: number) => second + (start - home.now) / 1000;
  for (const [second, step] of SCRIPT) {
    if (until(second) >= 0) home.after(until(second), () => step(home));
  }
  // Then all but the beginning happens again.
  home.after(until(360), () => play(home, home.now));
}

function begin(home: Home): void {
  const bornAt = home.now - 63 * DAY_MS;
  for (const { name } of MACHINES) if (name !== NEWCOMER) join(home, name, bornAt);
  APPS.forEach((app, index) => addApp(home, app, index));
  for (const name of [SOURCE, ...KUSTOMIZATIONS]) putFlux(home, name, revisionAt(home), true);
}

/** A machine becomes a node. */
export function join(home: Home, name: string, bornAt = home.now): void {
  const machine = MACHINES.find((each) => each.name === name)!;
  const node = newNode(machine, uid(home.seed, `node ${name}`), bornAt);
  if (home.nodes.has(name)) return;
  home.setNode(node, bornAt === home.now ? "NodeReady" : undefined);
  for (const each of home.workloads.values()) if (each.app.kind === "DaemonSet") home.fill(each);
}

function addApp(home: Home, app: App, index: number): void {
  const bornAt = home.now - app.days * DAY_MS;
  const service = uid(home.seed, `service ${app.name}`);
  if (app.service) home.put(service, serviceJson(app, service, index, bornAt));
  const own = newWorkload(app, uid(home.seed, `workload ${app.name}`), bornAt);
  const owner = app.kind === "Pod" ? undefined : own;
  if (owner) home.workloads.set(owner.uid, owner);
  const lastEnd = { startedAt: bornAt, endedAt: bornAt + 20_000 };
  app.nodes.forEach((node, index) => {
    const slot = app.kind === "DaemonSet" ? node : `${index}`;
    const pod = home.makePod(app, owner, { slot, node, bornAt, since: bornAt, stage: "running" });
    if (app.does === "crashes") home.crash({ ...pod, restarts: 212 });
    else if (app.does === "lacks-image") home.pull({ ...pod, stage: "waiting" });
    else if (app.kind === "Job") home.setPod({ ...pod, stage: "ended", lastEnd });
    else home.setPod({ ...pod, ready: true });
  });
}

/** What Flux fetches, and what it applies in this order. */
const SOURCE = "source";
const KUSTOMIZATIONS = [
  "flux-system",
  "infrastructure",
  "photos",
  "ai",
  "home",
  "media",
  "monitoring",
];

/** Somebody pushes a release of the photos; Flux fetches it and applies one after the other. */
function push(home: Home, broken?: string): void {
  const revision = revisionAt(home);
  home.after(3, () => putFlux(home, SOURCE, revision, true));
  KUSTOMIZATIONS.forEach((name, index) => {
    home.after(5 + index, () => putFlux(home, name, revision, undefined));
    home.after(7 + index, () => putFlux(home, name, revision, name !== broken));
  });
  home.after(10, () => {
    const web = [...home.workloads.values()].find(({ app }) => app.name === "web")!;
    home.say({ ...web.app, uid: web.uid }, "ScalingReplicaSet", "Scaled up a new replica set");
    restart(home, web);
  });
}

/** A workload gets new pods, one after the other. */
export function restart(home: Home, workload: HomeWorkload, restartedAt?: string): void {
  const next = { ...workload, restartedAt, revision: workload.revision + 1 };
  home.workloads.set(next.uid, next);
  home.roll(next);
}

const revisionAt = ({ seed, now }: Home) => `main@sha1:${hex(seed, `push at ${now}`, 40)}`;

/** The source is fetched; a Kustomization is applied, failed or under way, and then stays as it was. */
function putFlux(home: Home, name: string, revision: string, holds: boolean | undefined): void {
  const isSource = name === SOURCE;
  const at = iso(home.now);
  const own = { uid: uid(home.seed, `Flux ${name}`), bornAt: home.start - 63 * DAY_MS };
  const base = name === "flux-system" ? "./clusters/demo" : "./infrastructure";
  const path = KUSTOMIZATIONS.indexOf(name) < 2 ? base : `./apps/${name}/overlays/demo`;
  const failed = `${path}/jellyfin.yaml: yaml: line 21: a character cannot start any token`;
  const applied = holds
    ? `ReconciliationSucceeded: Applied revision: ${revision}`
    : `BuildFailed: kustomize build failed: accumulating resources: ${failed}`;
  const said = holds === undefined ? "Progressing: Reconciliation in progress" : applied;
  const why = isSource ? `Succeeded: stored artifact for revision '${revision}'` : said;
  const artifact = { artifact: { revision, lastUpdateTime: at } };
  const history = [{ lastReconciled: at, lastReconciledStatus: "ReconciliationSucceeded" }];
  const done = isSource ? artifact : { lastAppliedRevision: revision, history };
  const sourceRef = { kind: "GitRepository", name: "flux-system" };
  const spec = isSource
    ? { interval: "1m0s", url: REPOSITORY, ref: { branch: "main" } }
    : { interval: "10m0s", path, prune: true, sourceRef };
  const before = home.objects.get(own.uid)?.json.status;
  const conditions = [condition("Ready", holds, why, home.now)];
  const status = { ...(before as object | undefined), ...(holds && done), conditions };
  const place = { name: isSource ? "flux-system" : name, namespace: "flux-system" };
  const kind = isSource ? "GitRepository" : "Kustomization";
  home.put(own.uid, manifest(kind, place, own, { generation: 1 }, { spec, status }));
}
