/**
 * Keeps new pods away from a node (cordon), and empties it: its pods are evicted, so that they come
 * up elsewhere.
 *
 * @module
 */

import { UserError } from "../errors/user_error.ts";
import { counted, plural, safeText } from "../errors/safe_text.ts";
import {
  answered,
  type ChangeContext,
  follow,
  ofPods,
  pods,
  requestsAbout,
} from "./change_context.ts";
import { ApiError, listAll } from "../cluster/api/kubernetes_api.ts";
import { collectionPath, objectError, objectPath } from "../cluster/api/requests.ts";
import * as z from "zod";

/** How long to wait before a refused eviction is tried again, in milliseconds; as kubectl does. */
const RETRY_MS = 5_000;

/** Names at most so many pods in one sentence. */
const NAMED = 3;

/**
 * Drains a node, as `kubectl drain --ignore-daemonsets --delete-emptydir-data --force` does.
 *
 * The node stays cordoned, also where the person stops it half way.
 *
 * @throws {UserError} exit code 1 where pods are left after 5 minutes or could not be evicted
 */
export async function* drainNode(
  context: ChangeContext,
  name: string,
): AsyncGenerator<string, void> {
  const node = safeText(name);
  const changed = await setCordon(context, name, true);
  yield changed ? `${node} is cordoned.` : `${node} was cordoned already.`;
  let drain: Drain;
  try {
    const found = await podsOfNode(context, name);
    yield* plan(node, found);
    drain = new Drain(context, name, found.filter(({ stays }) => stays === undefined));
  } catch (error) {
    if (!context.signal.aborted) throw error;
    yield `Stopped: ${node} stays cordoned; none of its pods was evicted.`;
    return;
  }

  const ended = yield* drain.run();
  if (ended === "stopped") {
    yield `Stopped: ${node} stays cordoned; ${ofPods(drain.evicted, drain.total)} evicted ` +
      "and will not come back by themselves.";
    return;
  }
  if (drain.left.length === 0) {
    yield drain.total === 0
      ? `${node} is drained: no pod had to leave.`
      : `${node} is drained: ${pods(drain.total)} left it.`;
    return;
  }
  throw new UserError(
    `${node} is cordoned but not drained: ${pods(drain.left.length)} still on it`,
    {
      hint: "Drain it again when what holds them has changed, or uncordon it.",
      problems: drain.left.map((pod) => ({ message: `${podWords(pod)}: ${drain.whyLeft(pod)}` })),
    },
  );
}

function* plan(node: string, found: readonly PodOfNode[]): Generator<string> {
  const leaving = found.filter(({ stays }) => stays === undefined);
  const daemons = found.filter(({ stays }) => stays === "DaemonSet").length;
  const fixed = found.filter(({ stays }) => stays === "static").length;
  const rest = [
    ...(daemons === 0 ? [] : [`${pods(daemons)} of DaemonSets`]),
    ...(fixed === 0 ? [] : [counted(fixed, "static pod")]),
  ].join(" and ");
  const stay = plural(daemons + fixed, "stays", "stay");
  yield `${pods(leaving.length)} to evict from ${node}${rest === "" ? "" : `; ${rest} ${stay}`}.`;
  const unmanaged = leaving.filter((pod) => pod.unmanaged);
  if (unmanaged.length > 0) {
    yield `No controller will recreate ${named(unmanaged)}.`;
  }
  const local = leaving.filter((pod) => pod.hasLocalFiles);
  if (local.length > 0) yield `Files in emptyDir volumes of ${named(local)} will be lost.`;
}

function named(list: readonly PodOfNode[]): string {
  const names = list.slice(0, NAMED).map(podWords);
  return list.length <= NAMED
    ? names.join(", ")
    : `${names.join(", ")} and ${list.length - NAMED} more`;
}

/** Evictions under way; asks, tries again, and looks who is gone. */
class Drain {
  readonly total: number;
  evicted = 0;
  left: readonly PodOfNode[];
  readonly #context: ChangeContext;
  readonly #node: string;
  /** Pods that are still to be asked, and when. */
  readonly #pending: Map<PodOfNode, number>;
  /** Why a pod could not be evicted, the last time. */
  readonly #refusals = new Map<PodOfNode, string>();

  constructor(context: ChangeContext, node: string, leaving: readonly PodOfNode[]) {
    this.#context = context;
    this.#node = node;
    this.total = leaving.length;
    this.left = leaving;
    this.#pending = new Map(leaving.map((pod) => [pod, 0]));
  }

  async *run() {
    const news: string[] = [];
    const rounds = follow(this.#context, async () => {
      await this.#askAll(news);
      await this.#look();
      const stuck = this.left.every((pod) => this.#refusals.has(pod) && !this.#pending.has(pod));
      return { done: stuck, words: this.#words() };
    });
    for (let round = await rounds.next();; round = await rounds.next()) {
      yield* news.splice(0);
      if (round.done) return round.value;
      if (round.value !== "") yield round.value;
    }
  }

  whyLeft(pod: PodOfNode): string {
    return this.#refusals.get(pod) ?? "it was asked to end and has not";
  }

  async #askAll(news: string[]): Promise<void> {
    const { clock } = this.#context;
    for (const [pod, at] of this.#pending) {
      if (clock.now() < at) continue;
      const answer = await evict(this.#context, pod);
      if (answer.kind === "taken") {
        this.evicted++;
        this.#pending.delete(pod);
        this.#refusals.delete(pod);
        continue;
      }
      const before = this.#refusals.get(pod);
      this.#refusals.set(pod, answer.words);
      if (answer.kind === "later") {
        this.#pending.set(pod, clock.now() + RETRY_MS);
        if (before !== answer.words) {
          news.push(`${podWords(pod)} cannot go yet: ${answer.words}; trying again every 5 s.`);
        }
      } else {
        this.#pending.delete(pod);
        news.push(`${podWords(pod)} could not be evicted: ${answer.words}.`);
      }
    }
  }

  async #look(): Promise<void> {
    const there = new Set((await podsOfNode(this.#context, this.#node)).map(({ uid }) => uid));
    this.left = this.left.filter(({ uid }) => there.has(uid));
    for (const pod of this.#pending.keys()) {
      if (!there.has(pod.uid)) this.#pending.delete(pod);
    }
  }

  #words(): string {
    if (this.left.length === 0) return "";
    return `${ofPods(this.left.length, this.total)} still on ${safeText(this.#node)}.`;
  }
}

/** What became of the request. */
export type Eviction =
  /** It ends, or is gone already. */
  | { readonly kind: "taken" }
  /** A disruption budget or a busy server says: not now. */
  | { readonly kind: "later"; readonly words: string }
  | { readonly kind: "refused"; readonly words: string };

/**
 * Evicts a pod (policy/v1, since Kubernetes 1.22), which heeds disruption budgets.
 *
 * @throws {UserError} where evictions are not allowed at all, or the server is out of reach
 */
export async function evict(
  { api, signal }: ChangeContext,
  { namespace, name, uid }: PodOfNode,
): Promise<Eviction> {
  const object = { kind: "Pod", namespace, name } as const;
  try {
    await api.change({
      method: "POST",
      path: objectPath(object, "eviction"),
      body: {
        apiVersion: "policy/v1",
        kind: "Eviction",
        metadata: { namespace, name },
        // A pod of the same name that took its place meanwhile is not meant.
        deleteOptions: { preconditions: { uid } },
      },
      signal,
    });
    return { kind: "taken" };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const words = safeText(error.message).replace(/\.$/, "");
    // 404 and 409: it is gone, or another one by now.
    if (error.status === 404 || error.status === 409) return { kind: "taken" };
    if (error.status === 429) return { kind: "later", words };
    // Evictions in a namespace that is being deleted are refused until its pods are marked.
    if (error.status === 403 && /is being terminated/.test(words)) return { kind: "later", words };
    if (error.status === 401 || error.status === 403) {
      throw objectError(error, { object, verb: "create", part: "eviction", server: api.server });
    }
    return { kind: "refused", words };
  }
}

/** The kubelet's own pods, from files on the node; the API only shows them. */
const MIRROR = "kubernetes.io/config.mirror";

const Pod = z.object({
  metadata: z.object({
    uid: z.string(),
    name: z.string(),
    namespace: z.string(),
    annotations: z.record(z.string(), z.string()).nullish(),
    ownerReferences: z.array(z.object({ kind: z.string(), controller: z.boolean().nullish() }))
      .nullish(),
  }),
  spec: z.object({
    volumes: z.array(z.object({ emptyDir: z.unknown().optional() })).nullish(),
  }),
  status: z.object({ phase: z.string().nullish() }).nullish(),
});

/** A pod on a node. */
interface PodOfNode {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  /** Why it stays; undefined where it leaves. */
  readonly stays: "static" | "DaemonSet" | "ended" | undefined;
  /** Has files that are lost when it leaves (emptyDir). */
  readonly hasLocalFiles: boolean;
  /** No controller will recreate it elsewhere. */
  readonly unmanaged: boolean;
}

/** Every pod that is bound to a node. @throws {UserError} where they are refused */
async function podsOfNode(
  context: ChangeContext,
  node: string,
): Promise<readonly PodOfNode[]> {
  const { api, signal } = context;
  const fieldSelector = `spec.nodeName=${node}`;
  const object = { kind: "Pod", namespace: "", name: `on ${node}` } as const;
  const list = listAll(api, collectionPath("Pod"), { pick, signal, fieldSelector });
  return await answered(context, list, { object, verb: "list" });
}

function pick(value: unknown): PodOfNode {
  const { metadata, spec, status } = Pod.parse(value);
  const owner = metadata.ownerReferences?.find(({ controller }) => controller);
  const ended = status?.phase === "Succeeded" || status?.phase === "Failed";
  return {
    uid: metadata.uid,
    namespace: metadata.namespace,
    name: metadata.name,
    stays: metadata.annotations?.[MIRROR] !== undefined
      ? "static"
      : ended
      ? "ended"
      : owner?.kind === "DaemonSet"
      ? "DaemonSet"
      : undefined,
    hasLocalFiles: spec.volumes?.some(({ emptyDir }) => emptyDir !== undefined) ?? false,
    unmanaged: owner === undefined,
  };
}

/** `default/web-1`, harmless for a terminal. */
export function podWords({ namespace, name }: Pick<PodOfNode, "namespace" | "name">): string {
  return safeText(`${namespace}/${name}`);
}

const Schedulable = z.object({
  spec: z.object({ unschedulable: z.boolean().nullish() }).nullish(),
});

/** Cordons a node, or takes that back. @throws {UserError} where it is gone or refused */
export async function* cordonNode(
  context: ChangeContext,
  name: string,
  { cordon }: { readonly cordon: boolean },
): AsyncGenerator<string, void> {
  const node = safeText(name);
  const changed = await setCordon(context, name, cordon);
  if (cordon) {
    yield changed
      ? `${node} is cordoned: no new pods come to it, those on it stay.`
      : `${node} was cordoned already.`;
  } else {
    yield changed
      ? `${node} takes pods again; those that left it come back only when they are recreated.`
      : `${node} was not cordoned.`;
  }
}

/** @returns whether that changed anything */
async function setCordon(
  context: ChangeContext,
  name: string,
  cordon: boolean,
): Promise<boolean> {
  const node = requestsAbout(context, { kind: "Node", namespace: "", name });
  const before = Schedulable.parse(await node.read());
  if ((before.spec?.unschedulable ?? false) === cordon) return false;
  // As kubectl does it: null takes the member out.
  await node.patch({ spec: { unschedulable: cordon ? true : null } });
  return true;
}
