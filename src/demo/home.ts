/**
 * The made-up home: objects, and a queue of steps that put, change and take them. It sets no timer:
 * whoever looks brings it up to now.
 *
 * @module
 */

import type { CollectionName } from "../cluster/watch/cluster_state.ts";
import { suffix, uid } from "./chance.ts";
import {
  type HomeNode,
  type HomePod,
  type HomeWorkload,
  iso,
  manifest,
  newPod,
  nodeJson,
  podJson,
  templateHash,
  workloadJson,
} from "./objects.ts";
import type { App } from "./tables.ts";

/** An object of the API; two are the same where their texts are. */
export interface HomeObject {
  readonly collection: CollectionName;
  readonly text: string;
  readonly json: ReturnType<typeof manifest>;
}

type About = Pick<App, "namespace" | "name"> & { readonly kind: string; readonly uid: string };

const waits = (reason: string, message: string) => ({ stage: "waiting", reason, message }) as const;

/** Whether an app does what it should once it runs. */
const isSound = ({ does }: App) => does !== "crashes" && does !== "lacks-image";

/** A home that lives. */
export class Home {
  now: number;
  /** All but the nodes by UID. */
  readonly objects = new Map<string, HomeObject>();
  readonly nodes = new Map<string, HomeNode>();
  readonly workloads = new Map<string, HomeWorkload>();
  readonly pods = new Map<string, HomePod>();
  /** Machines that are away, and since when. */
  away: ReadonlyMap<string, number> = new Map();
  #queue: readonly { readonly at: number; readonly step: () => void }[] = [];
  readonly #said = new Map<string, { readonly count: number; readonly bornAt: number }>();
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
      this.#queue = this.#queue.slice(1);
      this.now = next.at;
      this.act(next.step);
    }
    this.now = now;
  }

  /** Appends a step. */
  after(seconds: number, step: () => void): void {
    const at = this.now + seconds * 1000;
    this.#queue = [...this.#queue, { at, step }].sort((one, other) => one.at - other.at);
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
  put(id: string, object: HomeObject["json"]): void {
    const text = JSON.stringify(object);
    if (this.objects.get(id)?.text === text) return;
    const [first = "", ...rest] = String(object.kind);
    const collection = `${first.toLowerCase()}${rest.join("")}s`.replace("ys", "ies");
    const json = JSON.parse(text);
    this.objects.set(id, { collection: collection as CollectionName, text, json });
  }

  /** Takes an object out. */
  drop(uid: string): void {
    for (const map of [this.objects, this.workloads, this.pods]) map.delete(uid);
  }

  /** Says something about an object, or counts that it is said again; the latest are kept. */
  say(about: About, reason: string, message: string, type = "Normal"): void {
    const { kind, namespace, name, uid: id } = about;
    const own = uid(this.seed, `event ${id} ${reason} ${message}`);
    const { count, bornAt } = this.#said.get(own) ?? { count: 0, bornAt: this.now };
    this.#said.delete(own);
    this.#said.set(own, { count: count + 1, bornAt });
    const place = { name: `${name}.${own.slice(0, 8)}`, namespace: namespace || "default" };
    const times = { firstTimestamp: iso(bornAt), lastTimestamp: iso(this.now), count: count + 1 };
    const said = { involvedObject: { kind, namespace, name, uid: id }, type, reason, message };
    this.put(own, manifest("Event", place, { uid: own, bornAt }, {}, { ...said, ...times }));
    for (const oldest of [...this.#said.keys()].slice(0, -200)) {
      this.#said.delete(oldest);
      this.drop(oldest);
    }
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
    for (const pod of this.pods.values()) {
      const serves = pod.node === name && pod.stage === "running" && isSound(pod.app);
      if (serves) this.#later(pod, ready ? 3 : 0, (pod) => this.setPod({ ...pod, ready }));
    }
  }

  /** Pods of a workload in the order in which they were made. */
  podsOf(owner: string | undefined): HomePod[] {
    return [...this.pods.values()].filter((pod) => pod.owner?.uid === owner);
  }

  /** Makes a pod; its name follows the way of what owns it. */
  makePod(app: App, owner: HomeWorkload | undefined, rest: Partial<HomePod>): HomePod {
    const made = `pod ${this.#made++}`;
    const hash = owner && app.kind === "Deployment" ? `-${templateHash(this.seed, owner)}` : "";
    const end = app.kind === "StatefulSet" ? rest.slot : suffix(this.seed, made);
    const name = owner === undefined ? app.name : `${app.name}${hash}-${end}`;
    const pod = newPod(app, owner, uid(this.seed, made), this.now);
    return this.setPod({ ...pod, name, ...rest });
  }

  /** Puts a pod or changes one. */
  setPod(pod: HomePod): HomePod {
    this.pods.set(pod.uid, pod);
    this.put(pod.uid, podJson(pod, this.seed));
    return pod;
  }

  /** Gives a workload the pods that it lacks, and ends those that it has too much. */
  fill(workload: HomeWorkload): void {
    const { app: { kind }, replicas } = workload;
    const numbers = Array.from({ length: replicas }, (_, index) => `${index}`);
    const slots = kind === "DaemonSet" ? [...this.nodes.keys()] : numbers;
    const pods = this.podsOf(workload.uid);
    for (const pod of pods) if (!slots.includes(pod.slot)) this.end(pod);
    for (const slot of slots) {
      if (!pods.some((pod) => pod.slot === slot)) this.#start(workload, slot);
    }
  }

  /** Replaces the pods of a workload that are of before, one after the other. */
  roll({ uid, revision }: HomeWorkload): void {
    this.podsOf(uid).forEach((pod, index) =>
      this.#later(pod, 10 * index, (pod) => pod.owner!.revision < revision && this.end(pod))
    );
  }

  /** Asks a pod to end: a moment later it is gone, and another comes where one is wanted. */
  end(pod: HomePod): void {
    if (pod.endingSince !== undefined) return;
    this.#sayOf(pod, "Killing", `Stopping container ${pod.app.name}`);
    this.setPod({ ...pod, ready: false, endingSince: this.now });
    this.#later(pod, pod.node === undefined ? 0 : 3, ({ uid, owner }) => {
      this.drop(uid);
      const workload = this.workloads.get(owner?.uid ?? "");
      if (workload !== undefined && pod.stage !== "ended") this.fill(workload);
    }, true);
  }

  #start(owner: HomeWorkload, slot: string): void {
    const pod = this.makePod(owner.app, owner, { slot });
    this.say({ ...owner.app, uid: owner.uid }, "SuccessfulCreate", `Created pod: ${pod.name}`);
    this.#place(pod);
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
        : !cordoned && ready && (needs ? machine.labels[needs] : machine.gpus === 0)
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

  /** The container of a pod starts, and is ready soon. */
  run(pod: HomePod): void {
    this.#sayOf(pod, "Started", `Started container ${pod.app.name}`);
    this.setPod({ ...pod, stage: "running", since: this.now });
    if (isSound(pod.app)) this.#later(pod, 4, (pod) => this.setPod({ ...pod, ready: true }));
  }

  /** The container of a pod fails, and is said to wait for its next start. */
  crash(pod: HomePod): void {
    const { name } = pod.app;
    this.#sayOf(pod, "BackOff", `Back-off restarting failed container ${name}`, "Warning");
    if (pod.stage !== "running") return;
    const lastEnd = { startedAt: pod.since, endedAt: this.now };
    const why = waits("CrashLoopBackOff", `back-off 40s restarting failed container=${name}`);
    this.setPod({ ...pod, ...why, since: this.now, restarts: pod.restarts + 1, lastEnd });
  }

  /** The image of a pod is not there, and then not tried for a while. */
  pull(pod: HomePod): void {
    const { app: { image }, reason } = pod;
    const [next, event, type, message] = reason === "ErrImagePull"
      ? ["ImagePullBackOff", "BackOff", "Normal", `Back-off pulling image "${image}"`] as const
      : [
        "ErrImagePull",
        "Failed",
        "Warning",
        `Failed to pull image "${image}": not found`,
      ] as const;
    this.#sayOf(pod, event, message, type);
    this.setPod({ ...pod, ...waits(next, message) });
  }
}
