/**
 * The made-up home: what is in it, and what happens in it from second to second. It sets no timer:
 * whoever looks brings it up to now.
 *
 * @module
 */

import * as api from "./objects.ts";
import type { HomeNode, HomePod, HomeWorkload, Json, Named } from "./objects.ts";
import { APPS, DAY_MS, digest, MACHINES, NEWCOMER } from "./tables.ts";

/** A home that lives. */
export class Home {
  now: number;
  readonly nodes = new Map<string, HomeNode>();
  readonly workloads: readonly HomeWorkload[];
  pods: HomePod[] = [];
  readonly #events = new Map<string, Json>();
  /** The machine that is away, and since when. */
  away: { readonly name: string; readonly since: number } | undefined;
  #made = 0;

  /** The home a minute before somebody looks for the first time; everything runs in it already. */
  constructor(readonly seed: number, readonly start: number) {
    this.now = start - 60_000;
    for (const { name } of MACHINES) if (name !== NEWCOMER) this.join(name, start - 63 * DAY_MS);
    this.workloads = APPS.map((app) => {
      return { ...app, bornAt: start - app.days * DAY_MS, replicas: app.nodes.length, revision: 1 };
    });
    for (const app of this.workloads) {
      for (const [index, slot] of this.slotsOf(app).entries()) {
        const at = { bornAt: app.bornAt, placedAt: app.bornAt, node: app.nodes[index] };
        Object.assign(this.#makePod(app, slot), at);
      }
    }
  }

  /** What an API server would have of it. */
  objects(): Json[] {
    return [
      ...this.nodes.values().map(api.nodeJson),
      ...this.pods.map((pod) => api.podJson(this, pod)),
      ...this.workloads.filter(({ kind }) => kind !== "Pod")
        .map((app) => api.workloadJson(this, app)),
      ...this.workloads.filter(({ port }) => port > 0).map(api.serviceJson),
      ...this.pods.filter(({ app, node }) => app.kind === "StatefulSet" && node !== undefined)
        .map(api.volumeJson),
      ...this.#events.values(),
      ...fluxJson(this),
    ];
  }

  podsOf(app: HomeWorkload): readonly HomePod[] {
    return this.pods.filter((pod) => pod.app === app);
  }

  /** What a workload wants a pod for each of: nodes, or numbers. */
  slotsOf({ kind, replicas }: HomeWorkload): readonly string[] {
    if (kind === "DaemonSet") return [...this.nodes.keys()];
    return Array.from({ length: replicas }, (_, index) => `${index}`);
  }

  /** Whether a pod is ready, as far as the cluster hears of it. */
  isUp(pod: HomePod): boolean {
    const { stage } = api.lifeOf(pod, this.now);
    return stage === "ready" && pod.endAt > this.now && this.nodes.get(pod.node!)!.ready;
  }

  /** Lives until a moment; of a long pause only ten minutes are made up for. */
  playTo(now: number): this {
    this.now = Math.max(this.now, now - 600_000);
    while (this.now < now) {
      this.now += 1000;
      this.#happen();
      this.pods = this.pods.filter(({ endAt }) => this.now < endAt + 3000);
      for (const app of this.workloads) if (!/Job|Pod/.test(app.kind)) this.#fill(app);
      for (const pod of this.pods) this.#live(pod);
    }
    return this;
  }

  /** A machine becomes a node. */
  join(name: string, bornAt = this.now): void {
    const machine = MACHINES.find((each) => each.name === name)!;
    this.nodes.set(name, { ...machine, bornAt, cordoned: false, ready: true, readySince: bornAt });
  }

  /** A workload gets new pods, one after the other. */
  restart(app: HomeWorkload): void {
    app.revision++;
    for (const [index, pod] of this.podsOf(app).entries()) this.end(pod, 1000 + index * 8000);
  }

  /** Asks a pod to end in a moment; then it goes, and another comes where one is wanted. */
  end(pod: HomePod, after = 1000): void {
    pod.endAt = Math.min(pod.endAt, this.now + after);
  }

  /** What happens to the home itself: in each round of six minutes a machine is away for a while. */
  #happen(): void {
    const second = (this.now - this.start) / 1000 % 360;
    if (second === 40) this.away = { name: "pi4", since: this.now };
    // The cluster notices late: Kubernetes 1.36 waits for 50 seconds.
    if (second === 90) this.#setReady("pi4", false);
    if (second === 140) this.away = undefined;
    if (second === 142) this.#setReady("pi4", true);
    if (this.now - pushOf(this).at === 9000) {
      const web = this.workloads.find(({ name }) => name === "web")!;
      this.#say(web, "ScalingReplicaSet", "Scaled up a new replica set");
      this.restart(web);
    }
  }

  #setReady(name: string, ready: boolean): void {
    Object.assign(this.nodes.get(name)!, { ready, readySince: this.now });
    const reason = ready ? "NodeReady" : "NodeNotReady";
    this.#say({ kind: "Node", namespace: "", name }, reason, `Node ${name} is now: ${reason}`);
  }

  /** Says something about an object, or counts that it is said again; the latest are kept. */
  #say({ kind, namespace, name }: Named, reason: string, message: string): void {
    const involvedObject = { kind, namespace, name };
    const key = digest(this.seed, JSON.stringify([involvedObject, reason, message])).slice(0, 16);
    const type = /^(Failed|BackOff|NodeNotReady)/.test(reason) ? "Warning" : "Normal";
    const own = { name: `${name}.${key}`, namespace: namespace || "default", bornAt: this.now };
    const said = api.manifest("Event", own, { involvedObject, reason, message, type, count: 0 });
    const event = this.#events.get(key) ?? said;
    const count = Number(event.count) + 1;
    this.#events.set(key, { ...event, count, lastTimestamp: api.iso(this.now) });
    for (const oldest of [...this.#events.keys()].slice(0, -200)) this.#events.delete(oldest);
  }

  /** Makes a pod; its name follows the way of what owns it. */
  #makePod(app: HomeWorkload, slot: string): HomePod {
    const { kind, namespace, revision } = app;
    const number = this.#made++;
    const uid = digest(this.seed, `pod ${number}`);
    const hash = digest(this.seed, `${app.name} ${revision}`).slice(0, 10);
    const end = uid.slice(0, 5);
    const ends: Readonly<Record<string, string>> = {
      Deployment: `-${hash}-${end}`,
      StatefulSet: `-${slot}`,
      Pod: "",
    };
    const name = app.name + (ends[kind] ?? `-${end}`);
    const at = { bornAt: this.now, placedAt: this.now, endAt: Infinity, node: undefined };
    const pod = { kind: "Pod", namespace, name, app, revision, slot, number, uid, ...at };
    this.pods.push(pod);
    return pod;
  }

  /** A workload gets the pods that it lacks, and ends those that it has too much. */
  #fill(app: HomeWorkload): void {
    const slots = this.slotsOf(app);
    const pods = this.podsOf(app);
    for (const pod of pods) if (!slots.includes(pod.slot)) this.end(pod);
    for (const slot of slots) {
      if (pods.some((pod) => pod.slot === slot)) continue;
      const { name } = this.#makePod(app, slot);
      this.#say(app, "SuccessfulCreate", `Created pod: ${name}`);
    }
  }

  /** What a second brings to a pod: a node, an end, or the next stage of its life, which is said. */
  #live(pod: HomePod): void {
    if (pod.node === undefined) this.#place(pod);
    if (pod.endAt === this.now) this.#say(pod, "Killing", `Stopping container ${pod.app.name}`);
    if (pod.endAt <= this.now || pod.node === this.away?.name) return;
    const { stage, event, message } = api.lifeOf(pod, this.now);
    const isNew = stage !== api.lifeOf(pod, this.now - 1000).stage;
    const isAgain = /pending|crashed/.test(stage) && this.now % 10_000 === 0;
    if (event !== "" && (isNew || isAgain)) this.#say(pod, event, message);
  }

  /** A pod goes to one of the nodes that may take it; where there is none it waits. */
  #place(pod: HomePod): void {
    const { kind, needs } = pod.app;
    const open = this.nodes.values().filter(({ name, cordoned, ready, gpus, labels }) =>
      kind === "DaemonSet"
        ? name === pod.slot
        : !cordoned && ready && (needs === "-" ? gpus === 0 : labels[needs])
    ).toArray();
    pod.node = open[pod.number % open.length]?.name;
    pod.placedAt = this.now;
    if (pod.node === undefined) return;
    this.#say(pod, "Scheduled", `Successfully assigned ${pod.name} to ${pod.node}`);
  }
}

/** Where the home's repository seems to lie. */
const REPOSITORY = "https://git.demo.example/home.git";

/** What Flux applies, in this order. */
const KUSTOMIZATIONS = "flux-system infrastructure photos ai home media monitoring".split(" ");

/**
 * What was pushed last, or so many pushes before: every 90 seconds a release of the photos. One of
 * four has an app that cannot be built; the next one fixes it.
 */
function pushOf({ now, start, seed }: Home, before = 0) {
  const count = Math.floor((now - start + 36_000) / 90_000) - before;
  const revision = `main@sha1:${digest(seed, `push ${count}`)}`;
  return { revision, at: start - 36_000 + count * 90_000, broken: count % 4 === 2 ? "media" : "" };
}

/** What Flux follows: it fetches a push after 3 seconds, and applies one Kustomization after the other. */
function fluxJson(home: Home): Json[] {
  const own = { namespace: "flux-system", bornAt: home.start - 63 * DAY_MS };
  const age = (home.now - pushOf(home).at) / 1000;
  const { revision, at } = pushOf(home, age < 3 ? 1 : 0);
  const stored = `Succeeded: stored artifact for revision '${revision}'`;
  const artifact = { revision, lastUpdateTime: api.iso(at + 3000) };
  const conditions = [api.condition("Ready", true, stored, at + 3000)];
  const source = api.manifest("GitRepository", { name: "flux-system", ...own }, {
    spec: { url: REPOSITORY },
    status: { artifact, conditions },
  });
  const applied = KUSTOMIZATIONS.map((name, index) => {
    const before = age < 5 + index ? 1 : 0;
    const isBusy = before === 0 && age < 7 + index;
    const { revision, at, broken } = pushOf(home, before);
    const path = index < 2 ? "./infrastructure" : `./apps/${name}/overlays/demo`;
    const [holds, said] = isBusy
      ? [undefined, "Progressing: Reconciliation in progress"]
      : broken !== name
      ? [true, `ReconciliationSucceeded: Applied revision: ${revision}`]
      : [false, `BuildFailed: ${path}: yaml: line 21: a character cannot start any token`];
    const since = at + (isBusy ? 5000 : 7000) + index * 1000;
    const lastAppliedRevision = pushOf(home, holds ? before : before + 1).revision;
    const conditions = [api.condition("Ready", holds, said, since)];
    const status = { lastAppliedRevision, conditions };
    return api.manifest("Kustomization", { name, ...own }, { spec: { path }, status });
  });
  return [source, ...applied];
}
