/**
 * The made-up home: what is in it, a queue of steps that change it, and what happens in it, by
 * seconds. It sets no timer: whoever looks brings it up to now.
 *
 * @module
 */

import type { CollectionName } from "../cluster/watch/cluster_state.ts";
import * as api from "./objects.ts";
import type { HomeNode, HomePod, HomeWorkload, Json } from "./objects.ts";
import {
  type App,
  APPS,
  MACHINES,
  NEWCOMER,
  REPOSITORY,
  revisionOf,
  suffix,
  uid,
} from "./tables.ts";

/** All of the API by UID; two objects are the same where their texts are. */
export type HomeObjects = ReadonlyMap<string, {
  readonly collection: CollectionName;
  readonly text: string;
  readonly json: Json;
}>;

type About = Pick<App, "namespace" | "name"> & { readonly kind: string; readonly uid: string };

const waits = (reason: string, message: string) =>
  ({ stage: "waiting", why: { reason, message } }) as const;

/** A home that lives. */
export class Home {
  now: number;
  readonly nodes = new Map<string, HomeNode>();
  readonly workloads = new Map<string, HomeWorkload>();
  readonly pods = new Map<string, HomePod>();
  /** Events, the latest last. */
  readonly said = new Map<string, Json>();
  /** Services, and what Flux follows. */
  readonly others = new Map<string, Json>();
  /** Machines that are away, and since when. */
  away: ReadonlyMap<string, number> = new Map();
  #queue: { readonly at: number; readonly step: () => void }[] = [];
  #objects: HomeObjects | undefined;
  #made = 0;
  #turn = 0;

  constructor(readonly seed: number, readonly start: number) {
    this.now = start - BEFORE * 1000;
  }

  /** What an API server would have of it; the very same while nothing happens. */
  get objects(): HomeObjects {
    const all = () => [
      ...this.others.values(),
      ...this.said.values(),
      ...this.nodes.values().map(api.nodeJson),
      ...this.pods.values().map((pod) => api.podJson(pod, this.#isUp(pod), this.seed)),
      ...this.workloads.values().map((workload) => {
        const pods = this.podsOf(workload.uid).filter((pod) => pod.endingSince === undefined);
        const ready = pods.filter((pod) => this.#isUp(pod)).length;
        return api.workloadJson(workload, pods, { ready, wanted: this.#slotsOf(workload).length });
      }),
    ];
    return this.#objects ??= new Map(
      all().map((object) => {
        const plural = `${object.kind[0]!.toLowerCase()}${object.kind.slice(1)}s`;
        const collection = plural.replace("ys", "ies") as CollectionName;
        const text = JSON.stringify(object);
        return [object.metadata.uid, { collection, text, json: JSON.parse(text) }];
      }),
    );
  }

  /** Plays what is due; of a long pause only ten minutes are made up for. */
  playTo(now: number): this {
    const skipped = Math.max(0, now - this.now - 600_000);
    this.#queue = this.#queue.map(({ at, step }) => ({ at: at + skipped, step }));
    while (this.#queue[0] !== undefined && this.#queue[0].at <= now) {
      const { at, step } = this.#queue.shift()!;
      this.now = at;
      this.act(step);
    }
    this.now = now;
    return this;
  }

  /** Appends a step. */
  after(seconds: number, step: () => void): void {
    this.#queue.push({ at: this.now + seconds * 1000, step });
    this.#queue.sort((one, other) => one.at - other.at);
  }

  /** Does a step now. */
  act(step: () => void): void {
    step();
    this.#objects = undefined;
  }

  /** Says something about an object, or counts that it is said again; the latest are kept. */
  say(about: About, reason: string, message: string, type = "Normal"): void {
    const own = uid(this.seed, `event ${about.uid} ${reason} ${message}`);
    const { kind, namespace, name } = about;
    const lastTimestamp = api.iso(this.now);
    const before = this.said.get(own) as { count: number; firstTimestamp: string } | undefined;
    const { count = 0, firstTimestamp = lastTimestamp } = before ?? {};
    const place = { name: `${name}.${own.slice(0, 8)}`, namespace: namespace || "default" };
    const born = { ...place, uid: own, bornAt: Date.parse(firstTimestamp) };
    const involvedObject = { kind, namespace, name, uid: about.uid };
    const said = { type, reason, message, firstTimestamp, lastTimestamp, count: count + 1 };
    this.said.delete(own);
    this.said.set(own, api.manifest("Event", born, {}, { involvedObject, ...said }));
    for (const oldest of [...this.said.keys()].slice(0, -200)) this.said.delete(oldest);
  }

  /** Changes a node, and says so: with its name in place of a UID, as is the custom. */
  setNode(name: string, changes: Partial<HomeNode>, reason: string): void {
    this.nodes.set(name, { ...this.nodes.get(name)!, ...changes });
    const about = { kind: "Node", namespace: "", name, uid: name };
    this.say(about, reason, `Node ${name} status is now: ${reason}`);
  }

  /** Pods of a workload in the order in which they were made. */
  podsOf(owner: string): HomePod[] {
    return [...this.pods.values()].filter((pod) => pod.owner?.uid === owner);
  }

  /** What a workload wants a pod for each of: nodes, or numbers. */
  #slotsOf({ app, replicas }: HomeWorkload): readonly string[] {
    if (app.kind === "DaemonSet") return [...this.nodes.keys()];
    return Array.from({ length: replicas }, (_, index) => `${index}`);
  }

  /** Whether a pod is ready, as far as the cluster hears of it. */
  #isUp({ stage, node, endingSince }: HomePod): boolean {
    return stage === "ready" && endingSince === undefined && this.nodes.get(node!)!.ready;
  }

  /** Makes a pod; its name follows the way of what owns it. */
  makePod(app: App, owner: HomeWorkload | undefined, slot: string, bornAt = this.now): HomePod {
    const made = `pod ${this.#made++}`;
    const hash = owner && app.kind === "Deployment" ? `-${api.templateHash(this.seed, owner)}` : "";
    const end = app.kind === "StatefulSet" ? slot : suffix(this.seed, made);
    const name = owner === undefined ? app.name : `${app.name}${hash}-${end}`;
    const own = { app, owner, uid: uid(this.seed, made), bornAt, name, slot };
    return this.set({ ...own, stage: "waiting", since: bornAt, restarts: 0 });
  }

  /** Puts a pod, or changes one. */
  set(pod: HomePod, changes: Partial<HomePod> = {}): HomePod {
    const next = { ...pod, ...changes };
    this.pods.set(pod.uid, next);
    return next;
  }

  /** Changes a workload: it gets the pods that it lacks, and ends those that it has too much. */
  fill(workload: HomeWorkload): void {
    const { app, uid } = workload;
    this.workloads.set(uid, workload);
    const slots = this.#slotsOf(workload);
    const pods = this.podsOf(uid);
    for (const pod of pods) if (!slots.includes(pod.slot)) this.end(pod);
    for (const slot of slots) {
      if (pods.some((pod) => pod.slot === slot)) continue;
      const pod = this.makePod(app, workload, slot);
      this.say({ ...app, uid }, "SuccessfulCreate", `Created pod: ${pod.name}`);
      this.#place(pod);
    }
  }

  /** A workload gets new pods, one after the other. */
  restart(workload: HomeWorkload): void {
    const next = { ...workload, revision: workload.revision + 1 };
    this.workloads.set(next.uid, next);
    this.podsOf(next.uid).forEach((pod, index) =>
      this.#later(pod, 10 * index, (pod) => pod.owner!.revision < next.revision && this.end(pod))
    );
  }

  /** Asks a pod to end: a moment later it is gone, and another comes where one is wanted. */
  end(pod: HomePod): void {
    if (pod.endingSince !== undefined) return;
    this.#sayOf(pod, "Killing", `Stopping container ${pod.app.name}`);
    this.set(pod, { endingSince: this.now });
    this.#later(pod, pod.node === undefined ? 0 : 3, ({ uid, owner, stage }) => {
      this.pods.delete(uid);
      const workload = this.workloads.get(owner?.uid ?? "");
      if (workload !== undefined && stage !== "ended") this.fill(workload);
    }, true);
  }

  #sayOf({ app: { namespace }, name, uid }: HomePod, reason: string, words: string, type?: string) {
    this.say({ kind: "Pod", namespace, name, uid }, reason, words, type);
  }

  /** The next step of a pod, unless it is ending; a machine that is away does nothing. */
  #later(pod: HomePod, seconds: number, step: (pod: HomePod) => void, ending = false) {
    this.after(seconds, () => {
      const now = this.pods.get(pod.uid);
      if (now === undefined || (now.endingSince !== undefined) !== ending) return;
      if (seconds > 0 && this.away.has(now.node ?? "")) this.#later(now, 5, step, ending);
      else step(now);
    });
  }

  /** A pod goes to the next node in turn that may take it; where there is none it waits. */
  #place(pod: HomePod): void {
    const { kind, needs, does } = pod.app;
    const open = [...this.nodes.values()].filter(({ cordoned, ready, machine }) =>
      kind === "DaemonSet"
        ? machine.name === pod.slot
        : !cordoned && ready && (needs !== "-" ? machine.labels[needs] : machine.gpus === 0)
    );
    const node = open[this.#turn++ % open.length]?.machine.name;
    if (node === undefined) {
      const message = `0/${this.nodes.size} nodes are available: none is ready and takes it.`;
      this.#sayOf(pod, "FailedScheduling", message, "Warning");
      this.set(pod, waits("Unschedulable", message));
      return this.#later(pod, 10, (pod) => this.#place(pod));
    }
    this.#sayOf(pod, "Scheduled", `Successfully assigned ${pod.name} to ${node}`);
    this.set(pod, { ...waits("ContainerCreating", ""), node, since: this.now });
    this.#later(pod, 2, (pod) => does === "lacks-image" ? this.pull(pod) : this.#run(pod));
  }

  /** The container of a pod starts, and is ready soon or fails. */
  #run(pod: HomePod): void {
    this.#sayOf(pod, "Started", `Started container ${pod.app.name}`);
    this.set(pod, { stage: "running", since: this.now });
    if (pod.app.does === "crashes") this.#later(pod, 9, (pod) => this.crash(pod));
    else this.#later(pod, 4, (pod) => this.set(pod, { stage: "ready" }));
  }

  /** The container of a pod has failed: it waits for its next start, and that is said again. */
  crash(pod: HomePod): void {
    const lastEnd = { startedAt: pod.since, endedAt: this.now };
    const words = `restarting failed container=${pod.app.name}`;
    const why = waits("CrashLoopBackOff", `back-off 40s ${words}`);
    this.set(pod, { ...why, since: this.now, restarts: pod.restarts + 1, lastEnd });
    for (const seconds of [0, 10, 20, 30, 40]) {
      this.#later(
        pod,
        seconds,
        (pod) => this.#sayOf(pod, "BackOff", `Back-off ${words}`, "Warning"),
      );
    }
    this.#later(pod, 51, (pod) => this.#run(pod));
  }

  /** The image of a pod is not there, and then not tried for a while. */
  pull(pod: HomePod): void {
    const { app: { image }, why } = pod;
    const fails = why?.reason !== "ErrImagePull";
    const message = fails
      ? `Failed to pull image "${image}": not found`
      : `Back-off pulling image "${image}"`;
    this.#sayOf(pod, fails ? "Failed" : "BackOff", message, fails ? "Warning" : "Normal");
    this.set(pod, waits(fails ? "ErrImagePull" : "ImagePullBackOff", message));
    this.#later(pod, fails ? 12 : 18, (pod) => this.pull(pod));
  }
}

const DAY_MS = 86_400_000;

/** What has happened before anybody looks, in seconds. */
const BEFORE = 60;

/** What happens again and again, by seconds. */
const ROUND: readonly (readonly [second: number, step: (home: Home) => void])[] = [
  [76, push],
  // Its network is gone; the cluster notices late (Kubernetes 1.36 waits for 50 seconds).
  [100, (home) => home.away = new Map([["pi4", home.now]])],
  [150, (home) => home.setNode("pi4", { ready: false, readySince: home.now }, "NodeNotReady")],
  // Somebody pushes a commit that cannot be built, and fixes it with the next one.
  [166, (home) => push(home, "media")],
  [190, (home) => home.away = new Map()],
  [192, (home) => home.setNode("pi4", { ready: true, readySince: home.now }, "NodeReady")],
  [256, push],
  [346, push],
  [360, play],
];

function play(home: Home): void {
  for (const [second, step] of ROUND) home.after(second, () => step(home));
}

/** The home at a moment; everything runs in it already. */
export function beginHome(seed: number, now: number): Home {
  const home = new Home(seed, now);
  for (const { name } of MACHINES) {
    if (name !== NEWCOMER) addNode(home, name, home.now - 63 * DAY_MS);
  }
  APPS.forEach((app, index) => addApp(home, app, index));
  const revision = revisionOf(seed, home.now);
  fetch(home, revision);
  for (const name of KUSTOMIZATIONS) apply(home, name, revision, true);
  home.after(20, () => push(home));
  home.after(BEFORE, () => play(home));
  return home.playTo(now);
}

function addNode(home: Home, name: string, bornAt: number): void {
  const machine = MACHINES.find((each) => each.name === name)!;
  home.nodes.set(name, api.newNode(machine, uid(home.seed, `node ${name}`), bornAt));
}

/** A machine becomes a node. */
export function join(home: Home, name: string): void {
  if (home.nodes.has(name)) return;
  addNode(home, name, home.now);
  home.setNode(name, {}, "NodeReady");
  for (const each of home.workloads.values()) if (each.app.kind === "DaemonSet") home.fill(each);
}

function addApp(home: Home, app: App, index: number): void {
  const bornAt = home.now - app.days * DAY_MS;
  const service = uid(home.seed, `service ${app.name}`);
  if (app.service) home.others.set(service, api.serviceJson(app, service, index, bornAt));
  const own = api.newWorkload(app, uid(home.seed, `workload ${app.name}`), bornAt);
  const owner = app.kind === "Pod" ? undefined : own;
  if (owner) home.workloads.set(owner.uid, owner);
  const lastEnd = { startedAt: bornAt, endedAt: bornAt + 20_000 };
  app.nodes.forEach((node, index) => {
    const slot = app.kind === "DaemonSet" ? node : `${index}`;
    const pod = { ...home.makePod(app, owner, slot, bornAt), node };
    if (app.does === "crashes") home.crash({ ...pod, restarts: 212 });
    else if (app.does === "lacks-image") home.pull(pod);
    else home.set(pod, app.kind === "Job" ? { stage: "ended", lastEnd } : { stage: "ready" });
  });
}

/** What Flux applies, in this order. */
const KUSTOMIZATIONS = "flux-system infrastructure photos ai home media monitoring".split(" ");

/** Somebody pushes a release of the photos; Flux fetches it and applies one after the other. */
function push(home: Home, broken?: string): void {
  const revision = revisionOf(home.seed, home.now);
  home.after(3, () => fetch(home, revision));
  KUSTOMIZATIONS.forEach((name, index) => {
    home.after(5 + index, () => apply(home, name, revision, undefined));
    home.after(7 + index, () => apply(home, name, revision, name !== broken));
  });
  home.after(10, () => {
    const web = home.workloads.values().find(({ app }) => app.name === "web")!;
    home.say({ ...web.app, uid: web.uid }, "ScalingReplicaSet", "Scaled up a new replica set");
    home.restart(web);
  });
}

/** The repository is fetched. */
function fetch(home: Home, revision: string): void {
  const said = `Succeeded: stored artifact for revision '${revision}'`;
  const conditions = [api.condition("Ready", true, said, home.now)];
  const artifact = { revision, lastUpdateTime: api.iso(home.now) };
  const spec = { interval: "1m0s", url: REPOSITORY, ref: { branch: "main" } };
  putFlux(home, "GitRepository", "flux-system", { spec, status: { artifact, conditions } });
}

/** A Kustomization is applied, has failed, or is under way (undefined). */
function apply(home: Home, name: string, revision: string, holds: boolean | undefined): void {
  const isBase = KUSTOMIZATIONS.indexOf(name) < 2;
  const path = isBase ? "./infrastructure" : `./apps/${name}/overlays/demo`;
  const said = holds === undefined
    ? "Progressing: Reconciliation in progress"
    : holds
    ? `ReconciliationSucceeded: Applied revision: ${revision}`
    : `BuildFailed: ${path}/jellyfin.yaml: yaml: line 21: a character cannot start any token`;
  const conditions = [api.condition("Ready", holds, said, home.now)];
  const lastReconciled = api.iso(home.now);
  const history = [{ lastReconciled, lastReconciledStatus: "ReconciliationSucceeded" }];
  const sourceRef = { kind: "GitRepository", name: "flux-system" };
  const spec = { interval: "10m0s", path, prune: true, sourceRef };
  const done = holds && { lastAppliedRevision: revision, history };
  putFlux(home, "Kustomization", name, { spec, status: { ...done, conditions } });
}

/** Puts an object of Flux; of its status what is not new stays. */
function putFlux(
  home: Home,
  kind: string,
  name: string,
  { spec, status }: { readonly spec: object; readonly status: object },
): void {
  const id = uid(home.seed, `${kind} ${name}`);
  const own = { name, namespace: "flux-system", uid: id, bornAt: home.start - 63 * DAY_MS };
  const before = home.others.get(id)?.status as object | undefined;
  const parts = { spec, status: { ...before, ...status } };
  home.others.set(id, api.manifest(kind, own, { generation: 1 }, parts));
}
