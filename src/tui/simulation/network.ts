/**
 * The tailnet under it: a machine goes away and comes back, and the cluster notices late.
 *
 * @module
 */

import { machine } from "./machines.ts";
import { changePod, type Draft, say, type SimNode } from "./model.ts";

/** When a shaky machine is away, in seconds of each round. */
const AWAY = { round: 300, from: 100, to: 190 };

/** How long a node may be silent before it counts as gone, in milliseconds (Kubernetes 1.36). */
const GRACE_MS = 50_000;

/** One second of the network. */
export function stepNetwork(draft: Draft): void {
  const second = Math.round((draft.now - draft.startedAt) / 1000) % AWAY.round;
  for (const [name, peer] of draft.peers) {
    const online = !machine(name).shaky || second < AWAY.from || second >= AWAY.to;
    if (online !== peer.online) draft.peers.set(name, { name, online, since: draft.now });
  }
  for (const node of draft.nodes.values()) {
    const peer = draft.peers.get(node.name);
    const heard = peer?.online !== false || draft.now - peer.since < GRACE_MS;
    if (heard !== node.ready) turn(draft, node, heard);
  }
}

function turn(draft: Draft, node: SimNode, ready: boolean): void {
  draft.nodes.set(node.name, { ...node, ready, readySince: draft.now });
  say(draft, nodeAbout(node), {
    reason: ready ? "NodeReady" : "NodeNotReady",
    message: `Node ${node.name} status is now: ${ready ? "NodeReady" : "NodeNotReady"}`,
  });
  for (const pod of draft.pods.values()) {
    if (pod.node !== node.name || pod.ready === ready || pod.stage !== "running") continue;
    // When it is back its kubelet asks the probes again.
    if (!ready) changePod(draft, pod, { ready: false });
  }
}

/** A node as events speak of it: with its name in place of a UID. */
export function nodeAbout({ name }: Pick<SimNode, "name">) {
  return { kind: "Node", namespace: "", name, uid: name };
}
