/**
 * Empties a node: cordons it and evicts its pods, so that they come up elsewhere.
 *
 * @module
 */

import { UserError } from "../errors/user_error.ts";
import { safeText } from "../errors/safe_text.ts";
import { type ChangeContext, ofPods, pods } from "./change_context.ts";
import { setCordon } from "./cordon.ts";
import { evict } from "./evict.ts";
import { follow } from "./follow.ts";
import { type PodOfNode, podsOfNode, podWords } from "./pods_of_node.ts";

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
    ...(fixed === 0 ? [] : [`${fixed} static ${fixed === 1 ? "pod" : "pods"}`]),
  ].join(" and ");
  const stay = daemons + fixed === 1 ? "stays" : "stay";
  yield `${pods(leaving.length)} to evict from ${node}${rest === "" ? "" : `; ${rest} ${stay}`}.`;
  const unmanaged = leaving.filter((pod) => pod.unmanaged);
  if (unmanaged.length > 0) {
    yield `Nothing will make ${named(unmanaged)} anew: no controller owns ${them(unmanaged)}.`;
  }
  const local = leaving.filter((pod) => pod.hasLocalFiles);
  if (local.length > 0) yield `Files in emptyDir volumes of ${named(local)} will be lost.`;
}

function them(list: readonly unknown[]): string {
  return list.length === 1 ? "it" : "them";
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
