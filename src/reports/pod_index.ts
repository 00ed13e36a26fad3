/**
 * Pods by what they belong to, so that nobody has to look through all of them.
 *
 * @module
 */

import type { ClusterPod, Owner, Problem } from "../cluster/read/objects.ts";
import { isStarting } from "../cluster/read/pod_problem.ts";

/** Who keeps pods. */
interface PodOwner extends Owner {
  readonly namespace: string;
}

/** Pods by owner, by node and by name; each made when it is first asked for. */
export interface PodIndex {
  /** Of the owner a person knows: the Deployment rather than its ReplicaSet. */
  ofOwner(owner: PodOwner): readonly ClusterPod[];
  /** All that have an owner, owner by owner. */
  owned(): Iterable<PodOwner & { readonly pods: readonly ClusterPod[] }>;
  /** Those without an owner. */
  ownerless(): readonly ClusterPod[];
  /** Those on a node that have not ended. */
  onNode(node: string): readonly ClusterPod[];
  named(namespace: string, name: string): ClusterPod | undefined;
}

const NONE: readonly ClusterPod[] = [];

const indexes = new WeakMap<ReadonlyMap<string, ClusterPod>, PodIndex>();

/** The index of a collection; the same collection is never indexed twice. */
export function podIndex(pods: ReadonlyMap<string, ClusterPod>): PodIndex {
  let index = indexes.get(pods);
  if (index === undefined) {
    index = makeIndex(pods);
    indexes.set(pods, index);
  }
  return index;
}

/** Whether a pod has run to its end. */
export function hasEnded({ phase }: ClusterPod): boolean {
  return phase === "Succeeded" || phase === "Failed";
}

function makeIndex(pods: ReadonlyMap<string, ClusterPod>): PodIndex {
  const byOwner = once(() => {
    // Maps within maps: 10,000 keys put together of strings take longer than all the rest.
    const found = new Map<string, Map<string, Map<string, ClusterPod[]>>>();
    const ownerless: ClusterPod[] = [];
    for (const pod of pods.values()) {
      const { owner } = pod;
      if (owner === undefined) {
        ownerless.push(pod);
        continue;
      }
      const names = within(within(found, pod.namespace), owner.kind);
      const known = names.get(owner.name);
      if (known === undefined) names.set(owner.name, [pod]);
      else known.push(pod);
    }
    return { found, ownerless };
  });
  const byNode = once(() =>
    Map.groupBy(pods.values(), (pod) => hasEnded(pod) ? undefined : pod.nodeName)
  );
  const byName = once(() => {
    const found = new Map<string, Map<string, ClusterPod>>();
    for (const pod of pods.values()) within(found, pod.namespace).set(pod.name, pod);
    return found;
  });
  return {
    ofOwner: ({ kind, namespace, name }) =>
      byOwner().found.get(namespace)?.get(kind)?.get(name) ?? NONE,
    *owned() {
      for (const [namespace, kinds] of byOwner().found) {
        for (const [kind, names] of kinds) {
          for (const [name, pods] of names) yield { namespace, kind, name, pods };
        }
      }
    },
    ownerless: () => byOwner().ownerless,
    onNode: (node) => byNode().get(node) ?? NONE,
    named: (namespace, name) => byName().get(namespace)?.get(name),
  };
}

/** The map under a key, made where there is none yet. */
function within<K, V>(maps: Map<string, Map<K, V>>, key: string): Map<K, V> {
  let inner = maps.get(key);
  if (inner === undefined) {
    inner = new Map();
    maps.set(key, inner);
  }
  return inner;
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

/** Those that count: pods that are being deleted or have ended belong to the past. */
export function activePods(pods: readonly ClusterPod[]): readonly ClusterPod[] {
  const past = pods.some((pod) => pod.ending || hasEnded(pod));
  return past ? pods.filter((pod) => !pod.ending && !hasEnded(pod)) : pods;
}

/** Pods of these that are ready. */
export function readyPods(pods: readonly ClusterPod[]): number {
  let ready = 0;
  for (const pod of pods) if (pod.ready) ready++;
  return ready;
}

/** Restarts of their containers. */
export function restartsOf(pods: readonly ClusterPod[]): number {
  let restarts = 0;
  for (const pod of pods) restarts += pod.restarts;
  return restarts;
}

/** Why the first of them that is not ready waits or fails; one that merely starts comes last. */
export function problemOf(pods: readonly ClusterPod[]): Problem | undefined {
  let starting: Problem | undefined;
  for (const { ready, problem } of pods) {
    if (ready || problem === undefined) continue;
    if (!isStarting(problem)) return problem;
    starting ??= problem;
  }
  return starting;
}
