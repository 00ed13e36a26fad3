/**
 * The made-up home: objects, and a queue of steps that put, change and take them; then what happens
 * in it, by seconds. It sets no timer: whoever looks brings it up to now.
 *
 * @module
 */

import type { CollectionName } from "../cluster/watch/cluster_state.ts";
import { type App, APPS, hex, MACHINES, NEWCOMER, REPOSITORY, suffix, uid } from "./tables.ts";
import {
  condition,
  type HomeNode,
  type HomePod,
  type HomeWorkload,
  iso,
  type Json,
  manifest,
  newNode,
  newWorkload,
  nodeJson,
  podJson,
  serviceJson,
  templateHash,
  workloadJson,
} from "./objects.ts";

/** An object of the API; two are the same where their texts are. */
export interface HomeObject {
  readonly collection: CollectionName;
  readonly text: string;
  readonly json: Json;
}

type About = Pick<App, "namespace" | "name"> & { readonly kind: string; readonly uid: string };

const waits = (reason: string, message: string) =>
  ({ stage: "waiting", why: { reason, message } }) as const;

/** A home that lives. */
export class Home {
  now: number;
  /** All of the API by UID; the event that was said last stands last. */
  readonly objects = new Map<string, HomeObject>();
  readonly nodes = new Map<string, HomeNode>();
  readonly workloads = new Map<string, HomeWorkload>();
  readonly pods = new Map<string, HomePod>();
  /** Machines that are away, and since when. */
  away: ReadonlyMap<string, number> = new Map();
  #queue: { readonly at: number; readonly step: () => void }[] = [];
  #made = 0;
  #turn = 0;

  constructor(readonly seed: number, readonly start: number) {
    this.now = start;
  }

  /** Plays what is due; of a long pause only ten minutes are made up for. */
  playTo(now: number): void {
    const skipped = Math.max(0, now - this.now - 600_000);
    this.#queue = this.#queue.map(({ at, step }) => ({ at: at + skipped, step }));
    for (let next = this.#queue[0]; next !== undefined && next.at <= now; next = this.#queue[0]) {
      this.#queue.shift();
      this.now = next.at;
      this.act(next.step);
    }
    this.now = now;
  }

  /** Appends a step. */
  after(seconds: number, step: () => void): void {
    this.#queue.push({ at: this.now + seconds * 1000, step });
    this.#queue.sort((one, other) => one.at - other.at);
  }

  /** Does a step now; after the last one of a moment every workload counts its pods. */
  act(step: () => void): void {
    step();
    if (this.#queue[0]?.at === this.now) return;
    for (const [uid, workload] of this.workloads) {
      const wanted = workload.app.kind === "DaemonSet" ? this.nodes.size : workload.replicas;
      this.put(uid, workloadJson(workload, this.podsOf(uid), wanted));
    }
  }

  /** Puts an object; the same text is no news. */
  put(id: string, object: Json): void {
    const text = JSON.stringify(object);
    if (this.objects.get(id)?.text === text) return;
    const plural = `${object.kind[0]!.toLowerCase()}${object.kind.slice(1)}s`.replace("ys", "ies");
    this.objects.set(id, { collection: plural as CollectionName, text, json: JSON.parse(text) });
  }

  /** Takes an object out. */
  drop(uid: string): void {
    for (const map of [this.objects, this.workloads, this.pods]) map.delete(uid);
  }

  /** Says something about an object, or counts that it is said again; the latest are kept. */
  say(about: About, reason: string, message: string, type = "Normal"): void {
    const { kind, namespace, name, uid: id } = about;
    const own = uid(this.seed, `event ${id} ${reason} ${message}`);
    const { count = 0, firstTimestamp = iso(this.now) } = (this.objects.get(own)?.json ?? {}) as {
      readonly count?: number;
      readonly firstTimestamp?: string;
    };
    const times = { firstTimestamp, lastTimestamp: iso(this.now), count: count + 1 };
    const place = { name: `${name}.${own.slice(0, 8)}`, namespace: namespace || "default" };
    const born = { ...place, uid: own, bornAt: Date.parse(firstTimestamp) };
    const said = { involvedObject: { kind, namespace, name, uid: id }, type, reason, message };
    this.objects.delete(own);
    this.put(own, manifest("Event", born, {}, { ...said, ...times }));
    const events = [...this.objects].filter(([, { collection }]) => collection === "events");
    for (const [oldest] of events.slice(0, -200)) this.drop(oldest);
  }

  /** Puts a node or changes one, and says so: with its name in place of a UID, as is the custom. */
  setNode(node: HomeNode, reason?: string): void {
    const { name } = node.machine;
    this.nodes.set(name, node);
    this.put(node.uid, nodeJson(node));
    const about = { kind: "Node", namespace: "", name, uid: name };
    if (reason !== undefined) this.say(about, reason, `Node ${name} status is now: ${reason}`);
  }

  /** A node is heard of no more, or again; and so are the pods on it. */
  setReady(name: string, ready: boolean): void {
    const reason = ready ? "NodeReady" : "NodeNotReady";
    this.setNode({ ...this.nodes.get(name)!, ready, readySince: this.now }, reason);
    const [from, to] = ready ? ["running", "ready"] as const : ["ready", "running"] as const;
    for (const pod of this.pods.values()) {
      if (pod.node !== name || pod.stage !== from || pod.app.does === "crashes") continue;
      this.#later(pod, ready ? 3 : 0, (pod) => this.setPod({ ...pod, stage: to }));
    }
  }

  /** Pods of a workload in the order in which they were made. */
  podsOf(owner: string): HomePod[] {
    return [...this.pods.values()].filter((pod) => pod.owner?.uid === owner);
  }

  /** Makes a pod; its name follows the way of what owns it. */
  makePod(app: App, owner: HomeWorkload | undefined, slot: string, bornAt = this.now): HomePod {
    const made = `pod ${this.#made++}`;
    const hash = owner && app.kind === "Deployment" ? `-${templateHash(this.seed, owner)}` : "";
    const end = app.kind === "StatefulSet" ? slot : suffix(this.seed, made);
    return this.setPod({
      app,
      owner,
      uid: uid(this.seed, made),
      bornAt,
      name: owner === undefined ? app.name : `${app.name}${hash}-${end}`,
      slot,
      stage: "waiting",
      since: bornAt,
      restarts: 0,
    });
  }

  /** Puts a pod or changes one. */
  setPod(pod: HomePod): HomePod {
    this.pods.set(pod.uid, pod);
    this.put(pod.uid, podJson(pod, this.seed));
    return pod;
  }

  /** Changes a workload: it gets the pods that it lacks, and ends those that it has too much. */
  fill(workload: HomeWorkload): void {
    const { app, uid, replicas } = workload;
    this.workloads.set(uid, workload);
    const numbers = Array.from({ length: replicas }, (_, index) => `${index}`);
    const slots = app.kind === "DaemonSet" ? [...this.nodes.keys()] : numbers;
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
    this.setPod({
      ...pod,
      stage: pod.stage === "ready" ? "running" : pod.stage,
      endingSince: this.now,
    });
    this.#later(pod, pod.node === undefined ? 0 : 3, ({ uid, owner }) => {
      this.drop(uid);
      const workload = this.workloads.get(owner?.uid ?? "");
      if (workload !== undefined && pod.stage !== "ended") this.fill(workload);
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
      this.setPod({ ...pod, ...waits("Unschedulable", message) });
      return this.#later(pod, 10, (pod) => this.#place(pod));
    }
    this.#sayOf(pod, "Scheduled", `Successfully assigned ${pod.name} to ${node}`);
    this.setPod({ ...pod, ...waits("ContainerCreating", ""), node, since: this.now });
    this.#later(pod, 2, (pod) => does === "lacks-image" ? this.pull(pod) : this.run(pod));
  }

  /** The container of a pod starts, and is ready soon or fails. */
  run(pod: HomePod): void {
    this.#sayOf(pod, "Started", `Started container ${pod.app.name}`);
    this.setPod({ ...pod, stage: "running", since: this.now });
    if (pod.app.does === "crashes") this.#later(pod, 9, (pod) => this.crash(pod));
    else this.#later(pod, 4, (pod) => this.setPod({ ...pod, stage: "ready" }));
  }

  /** The container of a pod has failed: it waits for its next start, and that is said again. */
  crash(pod: HomePod): void {
    const lastEnd = { startedAt: pod.since, endedAt: this.now };
    const { name } = pod.app;
    const why = waits("CrashLoopBackOff", `back-off 40s restarting failed container=${name}`);
    this.setPod({ ...pod, ...why, since: this.now, restarts: pod.restarts + 1, lastEnd });
    for (const seconds of [0, 10, 20, 30, 40]) {
      const words = `Back-off restarting failed container ${name}`;
      this.#later(pod, seconds, (pod) => this.#sayOf(pod, "BackOff", words, "Warning"));
    }
    this.#later(pod, 51, (pod) => this.run(pod));
  }

  /** The image of a pod is not there, and then not tried for a while. */
  pull(pod: HomePod): void {
    const { app: { image }, why } = pod;
    const fails = why?.reason !== "ErrImagePull";
    const message = fails
      ? `Failed to pull image "${image}": not found`
      : `Back-off pulling image "${image}"`;
    this.#sayOf(pod, fails ? "Failed" : "BackOff", message, fails ? "Warning" : "Normal");
    this.setPod({ ...pod, ...waits(fails ? "ErrImagePull" : "ImagePullBackOff", message) });
    this.#later(pod, fails ? 12 : 18, (pod) => this.pull(pod));
  }
}

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
];

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
  if (home.nodes.has(name)) return;
  const node = newNode(machine, uid(home.seed, `node ${name}`), bornAt);
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
    const pod = { ...home.makePod(app, owner, slot, bornAt), node };
    if (app.does === "crashes") home.crash({ ...pod, restarts: 212 });
    else if (app.does === "lacks-image") home.pull(pod);
    else if (app.kind === "Job") home.setPod({ ...pod, stage: "ended", lastEnd });
    else home.setPod({ ...pod, stage: "ready" });
  });
}

/** What Flux fetches, and what it applies in this order. */
const SOURCE = "source";
const KUSTOMIZATIONS = "flux-system infrastructure photos ai home media monitoring".split(" ");

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
    home.restart(web);
  });
}

const revisionAt = ({ seed, now }: Home) => `main@sha1:${hex(seed, `push at ${now}`, 40)}`;

/** The source is fetched; a Kustomization is applied, failed or under way, and then stays as it was. */
function putFlux(home: Home, name: string, revision: string, holds: boolean | undefined): void {
  const isSource = name === SOURCE;
  const at = iso(home.now);
  const isBase = KUSTOMIZATIONS.indexOf(name) < 2;
  const path = isBase ? "./infrastructure" : `./apps/${name}/overlays/demo`;
  const failed = `${path}/jellyfin.yaml: yaml: line 21: a character cannot start any token`;
  const applied = holds
    ? `ReconciliationSucceeded: Applied revision: ${revision}`
    : `BuildFailed: kustomize build failed: accumulating resources: ${failed}`;
  const said = holds === undefined ? "Progressing: Reconciliation in progress" : applied;
  const why = isSource ? `Succeeded: stored artifact for revision '${revision}'` : said;
  const history = [{ lastReconciled: at, lastReconciledStatus: "ReconciliationSucceeded" }];
  const done = isSource
    ? { artifact: { revision, lastUpdateTime: at } }
    : { lastAppliedRevision: revision, history };
  const sourceRef = { kind: "GitRepository", name: "flux-system" };
  const spec = isSource
    ? { interval: "1m0s", url: REPOSITORY, ref: { branch: "main" } }
    : { interval: "10m0s", path, prune: true, sourceRef };
  const own = {
    name: isSource ? "flux-system" : name,
    namespace: "flux-system",
    uid: uid(home.seed, `Flux ${name}`),
    bornAt: home.start - 63 * DAY_MS,
  };
  const before = home.objects.get(own.uid)?.json.status as object | undefined;
  const conditions = [condition("Ready", holds, why, home.now)];
  const status = { ...before, ...(holds && done), conditions };
  const kind = isSource ? "GitRepository" : "Kustomization";
  home.put(own.uid, manifest(kind, own, { generation: 1 }, { spec, status }));
}
