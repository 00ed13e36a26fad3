/**
 * The made-up home: what is in it, how it lives from second to second, and what happens in it. It
 * sets no timer: whoever looks brings it up to now.
 *
 * @module
 */

import type { CollectionName } from "../cluster/watch/cluster_state.ts";
import * as api from "./objects.ts";
import type { HomeNode, HomePod, HomeWorkload, Json, Stage } from "./objects.ts";
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

/** What comes after how many seconds in a stage, by what an app does. */
const LIVES: Readonly<Record<string, Partial<Record<Stage, readonly [number, Stage]>>>> = {
  others: { creating: [2, "running"], running: [4, "ready"] },
  crashes: { creating: [2, "running"], running: [10, "crashed"], crashed: [50, "running"] },
  "lacks-image": { creating: [2, "failing"], failing: [12, "unpulled"], unpulled: [18, "failing"] },
};

const DAY_MS = 86_400_000;

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
  /** What was pushed last, and the Kustomization that it breaks. */
  push: { readonly revision: string; readonly at: number; readonly broken?: string | undefined };
  #objects: HomeObjects | undefined;
  #made = 0;
  #turn = 0;

  /** The home a minute before somebody looks for the first time; everything runs in it already. */
  constructor(readonly seed: number, readonly start: number) {
    this.now = start - 60_000;
    this.push = { revision: revisionOf(seed, this.now), at: -Infinity };
    for (const { name } of MACHINES) if (name !== NEWCOMER) this.#addNode(name, 63 * DAY_MS);
    APPS.forEach((app, index) => this.#addApp(app, index));
    fetch(this);
    for (const name of KUSTOMIZATIONS) apply(this, name, true);
  }

  /** What an API server would have of it; the very same while nothing happens. */
  get objects(): HomeObjects {
    const all = () => [
      ...this.others.values(),
      ...this.said.values(),
      ...this.nodes.values().map(api.nodeJson),
      ...this.pods.values().map((pod) => api.podJson(pod, this.#isUp(pod), this.seed)),
      ...this.workloads.values().map((workload) => {
        const pods = this.#podsOf(workload).filter((pod) => pod.endingSince === undefined);
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

  /** Lives until a moment; of a long pause only ten minutes are made up for. */
  playTo(now: number): this {
    this.now = Math.max(this.now, now - 600_000);
    while (this.now < now) {
      this.now += 1000;
      this.act(() => {
        happen(this);
        for (const pod of this.pods.values()) if (!this.away.has(pod.node ?? "")) this.#live(pod);
      });
    }
    return this;
  }

  /** Does something; then every workload sees to its pods. */
  act(step: () => void): void {
    step();
    for (const workload of this.workloads.values()) this.#fill(workload);
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

  /** A machine becomes a node. */
  join(name: string): void {
    if (this.nodes.has(name)) return;
    this.#addNode(name, 0);
    this.setNode(name, {}, "NodeReady");
  }

  /** A workload gets new pods, one after the other. */
  restart(workload: HomeWorkload): void {
    this.workloads.set(workload.uid, { ...workload, revision: workload.revision + 1 });
  }

  /** Asks a pod to end: a moment later it is gone, and another comes where one is wanted. */
  end(pod: HomePod): void {
    if (pod.endingSince !== undefined) return;
    this.#sayOf(pod, "Killing", `Stopping container ${pod.app.name}`);
    this.#set(pod, { endingSince: this.now });
  }

  #addNode(name: string, age: number): void {
    const machine = MACHINES.find((each) => each.name === name)!;
    const node = api.newNode(machine, uid(this.seed, `node ${name}`), this.now - age);
    this.nodes.set(name, node);
  }

  #addApp(app: App, index: number): void {
    const bornAt = this.now - app.days * DAY_MS;
    const service = uid(this.seed, `service ${app.name}`);
    if (app.service) this.others.set(service, api.serviceJson(app, service, index, bornAt));
    const own = api.newWorkload(app, uid(this.seed, `workload ${app.name}`), bornAt);
    const owner = app.kind === "Pod" ? undefined : own;
    if (owner) this.workloads.set(owner.uid, owner);
    const lastEnd = { startedAt: bornAt, endedAt: bornAt + 20_000 };
    app.nodes.forEach((node, index) => {
      const slot = app.kind === "DaemonSet" ? node : `${index}`;
      const pod = { ...this.#makePod(app, owner, slot, bornAt), node, restarts: 0 };
      if (app.kind === "Job") this.#set(pod, { stage: "ended", lastEnd });
      else if (app.does === "crashes") this.#enter({ ...pod, restarts: 212 }, "crashed");
      else if (app.does === "lacks-image") this.#enter(pod, "failing");
      else this.#set(pod, { stage: "ready" });
    });
  }

  #podsOf({ uid }: HomeWorkload): HomePod[] {
    return [...this.pods.values()].filter((pod) => pod.owner?.uid === uid);
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
  #makePod(app: App, owner: HomeWorkload | undefined, slot: string, bornAt = this.now): HomePod {
    const made = `pod ${this.#made++}`;
    const hash = owner && app.kind === "Deployment" ? `-${api.templateHash(this.seed, owner)}` : "";
    const end = app.kind === "StatefulSet" ? slot : suffix(this.seed, made);
    const name = owner === undefined ? app.name : `${app.name}${hash}-${end}`;
    const own = { app, owner, uid: uid(this.seed, made), bornAt, name, slot };
    return this.#set({ ...own, stage: "pending", since: bornAt, restarts: 0 }, {});
  }

  #set(pod: HomePod, changes: Partial<HomePod>): HomePod {
    const next = { ...pod, ...changes };
    this.pods.set(pod.uid, next);
    return next;
  }

  #sayOf({ app: { namespace }, name, uid }: HomePod, reason: string, words: string, type?: string) {
    this.say({ kind: "Pod", namespace, name, uid }, reason, words, type);
  }

  /** A workload gets the pods that it lacks, and ends those that it has too much, or one that is old. */
  #fill(workload: HomeWorkload): void {
    const { app, uid, revision } = workload;
    if (app.kind.endsWith("Job")) return;
    const slots = this.#slotsOf(workload);
    const pods = this.#podsOf(workload);
    for (const pod of pods) if (!slots.includes(pod.slot)) this.end(pod);
    for (const slot of slots) {
      if (pods.some((pod) => pod.slot === slot)) continue;
      const { name } = this.#makePod(app, workload, slot);
      this.say({ ...app, uid }, "SuccessfulCreate", `Created pod: ${name}`);
    }
    const isBusy = pods.some(({ endingSince, bornAt }) =>
      endingSince !== undefined || this.now - bornAt < 7_000
    );
    const old = pods.find((pod) => pod.owner!.revision < revision);
    if (old !== undefined && !isBusy) this.end(old);
  }

  /** What a second brings to a pod. */
  #live(pod: HomePod): void {
    const { app, stage, node, since, endingSince } = pod;
    if (endingSince !== undefined) {
      if (node === undefined || this.now - endingSince >= 3000) this.pods.delete(pod.uid);
    } else if (node === undefined) this.#place(pod);
    else {
      const seconds = (this.now - since) / 1000;
      const [after, next] = (LIVES[app.does] ?? LIVES.others!)[stage] ?? [Infinity, stage];
      if (seconds >= after) this.#enter(pod, next);
      else if (stage === "crashed" && seconds % 10 === 0) this.#sayStage(pod);
    }
  }

  /** A pod comes to a stage of its life, and that is said. */
  #enter(pod: HomePod, stage: Stage): void {
    const lastEnd = { startedAt: pod.since, endedAt: this.now };
    this.#sayStage(this.#set(pod, {
      stage,
      ...stage !== "ready" && { since: this.now },
      ...stage === "crashed" && { restarts: pod.restarts + 1, lastEnd },
    }));
  }

  #sayStage(pod: HomePod): void {
    const { event, message, type } = api.wordsOf(pod);
    if (event !== "") this.#sayOf(pod, event, message, type);
  }

  /** A pod goes to the next node in turn that may take it; where there is none it waits. */
  #place(pod: HomePod): void {
    const { kind, needs } = pod.app;
    const open = [...this.nodes.values()].filter(({ cordoned, ready, machine }) =>
      kind === "DaemonSet"
        ? machine.name === pod.slot
        : !cordoned && ready && (needs !== "-" ? machine.labels[needs] : machine.gpus === 0)
    );
    const node = open[this.#turn++ % open.length]?.machine.name;
    if (node !== undefined) {
      this.#sayOf(pod, "Scheduled", `Successfully assigned ${pod.name} to ${node}`);
      this.#enter({ ...pod, node }, "creating");
    } else if ((this.now - pod.since) % 10_000 === 0) this.#sayStage(pod);
  }
}

/** What happens again and again, by seconds. */
const ROUND: Readonly<Record<number, (home: Home) => void>> = {
  76: push,
  // Its network is gone; the cluster notices late (Kubernetes 1.36 waits for 50 seconds).
  100: (home) => home.away = new Map([["pi4", home.now]]),
  150: (home) => home.setNode("pi4", { ready: false, readySince: home.now }, "NodeNotReady"),
  // Somebody pushes a commit that cannot be built, and fixes it with the next one.
  166: (home) => push(home, "media"),
  190: (home) => home.away = new Map(),
  192: (home) => home.setNode("pi4", { ready: true, readySince: home.now }, "NodeReady"),
  256: push,
  346: push,
};

/** What happens now: the round of six minutes, and what follows from the latest push. */
function happen(home: Home): void {
  const second = (home.now - home.start) / 1000;
  if (second === -40) push(home);
  if (second >= 0) ROUND[second % 360]?.(home);
  const since = (home.now - home.push.at) / 1000;
  if (since === 3) fetch(home);
  KUSTOMIZATIONS.forEach((name, index) => {
    if (since === 5 + index) apply(home, name, undefined);
    if (since === 7 + index) apply(home, name, name !== home.push.broken);
  });
  if (since === 10) {
    const web = home.workloads.values().find(({ app }) => app.name === "web")!;
    home.say({ ...web.app, uid: web.uid }, "ScalingReplicaSet", "Scaled up a new replica set");
    home.restart(web);
  }
}

/** Somebody pushes a release of the photos; Flux fetches it and applies one after the other. */
function push(home: Home, broken?: string): void {
  home.push = { revision: revisionOf(home.seed, home.now), at: home.now, broken };
}

/** What Flux applies, in this order. */
const KUSTOMIZATIONS = "flux-system infrastructure photos ai home media monitoring".split(" ");

/** The repository is fetched. */
function fetch(home: Home): void {
  const { revision } = home.push;
  const said = `Succeeded: stored artifact for revision '${revision}'`;
  const ready = api.condition("Ready", true, said, home.now);
  const spec = { interval: "1m0s", url: REPOSITORY, ref: { branch: "main" } };
  const artifact = { revision, lastUpdateTime: api.iso(home.now) };
  putFlux(home, "GitRepository flux-system", spec, { artifact, conditions: [ready] });
}

/** A Kustomization is applied, has failed, or is under way (undefined). */
function apply(home: Home, name: string, holds: boolean | undefined): void {
  const { revision } = home.push;
  const isBase = KUSTOMIZATIONS.indexOf(name) < 2;
  const path = isBase ? "./infrastructure" : `./apps/${name}/overlays/demo`;
  const said = holds === undefined
    ? "Progressing: Reconciliation in progress"
    : holds
    ? `ReconciliationSucceeded: Applied revision: ${revision}`
    : `BuildFailed: ${path}/jellyfin.yaml: yaml: line 21: a character cannot start any token`;
  const ready = api.condition("Ready", holds, said, home.now);
  const sourceRef = { kind: "GitRepository", name: "flux-system" };
  const spec = { interval: "10m0s", path, prune: true, sourceRef };
  const done = { lastReconciled: api.iso(home.now), lastReconciledStatus: said.split(":")[0] };
  const news = holds && { lastAppliedRevision: revision, history: [done] };
  putFlux(home, `Kustomization ${name}`, spec, { ...news, conditions: [ready] });
}

/** Puts an object of Flux; of its status what is not new stays. */
function putFlux(home: Home, object: string, spec: object, news: object): void {
  const [kind = "", name = ""] = object.split(" ");
  const id = uid(home.seed, object);
  const own = { name, namespace: "flux-system", uid: id, bornAt: home.start - 63 * DAY_MS };
  const status = { ...home.others.get(id)?.status as object | undefined, ...news };
  home.others.set(id, api.manifest(kind, own, { generation: 1 }, { spec, status }));
}
