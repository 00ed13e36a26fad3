/**
 * In which order nodes are upgraded, what is drained, and what is refused. Pure.
 *
 * The rules are those of Kubernetes' version skew policy
 * (https://kubernetes.io/releases/version-skew-policy/): servers before workers, one server at a
 * time, one minor version at a time, and never back.
 *
 * @module
 */

import type { Problem } from "../../errors/user_error.ts";
import { shellWord } from "../../errors/shell_word.ts";
import { compareReleases, minorOf } from "../../inventory/kubernetes_syntax.ts";
import type { Role } from "../../inventory/model.ts";

/** A pod that a drain may wait for, or that is away while it moves. */
export interface HeldPod {
  /** `namespace/name`. */
  readonly pod: string;
  readonly why: string;
}

/** A host of the inventory, as the cluster has its node. */
export interface NodeState {
  readonly host: string;
  readonly node: string;
  readonly role: Role;
  /** `v1.36.2+k3s1`; undefined where the cluster has no such node. */
  readonly version: string | undefined;
  /** `amd64`; undefined where the node does not say. */
  readonly architecture?: string | undefined;
  readonly ready: boolean;
  /** False where Tailscale says that the machine is offline. */
  readonly online: boolean;
  /** False where its etcd member does not vote; true also where there is no etcd. */
  readonly votes: boolean;
  readonly cordoned: boolean;
  /** An upgrade cordoned it and did not come to uncordon it. */
  readonly marked: boolean;
}

/** A node, with what a drain would evict from it. */
export interface UpgradeNode extends NodeState {
  /** Pods that a drain evicts. */
  readonly pods: number;
  readonly held: readonly HeldPod[];
}

/** What is known before an upgrade. */
export interface UpgradeFacts {
  /** Hosts of the inventory, in its order. */
  readonly nodes: readonly UpgradeNode[];
  /** Nodes that can take pods, also those that are not in the inventory. */
  readonly takers: readonly string[];
  /** APIs that are still asked for, and the minor release that removes each: `37`. */
  readonly deprecated: readonly { readonly api: string; readonly removedIn: number }[];
}

/** A server, or a batch of workers. */
export interface UpgradeStep {
  readonly role: Role;
  readonly nodes: readonly UpgradeNode[];
}

/** What an upgrade would do. */
export interface UpgradePlan {
  readonly target: string;
  readonly steps: readonly UpgradeStep[];
  /** Nodes whose pods have nowhere else to go: k3s is replaced under them and they keep running. */
  readonly undrained: readonly string[];
  /** Nodes that an earlier upgrade left cordoned. */
  readonly leftovers: readonly string[];
  /** Why nothing may be done. */
  readonly refusals: readonly (Problem & { readonly hint: string })[];
  readonly warnings: readonly string[];
}

/** Workers at once: a number, or a percentage of all of them. */
export interface Batch {
  readonly size: number;
  readonly percent: boolean;
}

/** Plans what is left to do: nodes that have the target already are not in it. */
export function planUpgrade(
  facts: UpgradeFacts,
  { target, batch }: { readonly target: string; readonly batch: Batch },
): UpgradePlan {
  const members = facts.nodes.filter(({ version }) => version !== undefined);
  const due = members.filter(({ version }) => version !== target);
  const healthy = ({ ready, votes }: UpgradeNode) => ready && votes;
  const servers = due.filter(({ role }) => role === "control-plane");
  const workers = due.filter(({ role, ready }) => role === "worker" && ready);
  const broken = due.filter(({ role, ready, online }) => role === "worker" && !ready && online);
  const size = Math.max(
    1,
    batch.percent ? Math.floor(workers.length * batch.size / 100) : batch.size,
  );
  const steps: UpgradeStep[] = [
    // A node that is down may be one that the last upgrade broke: it goes first.
    ...[...servers.filter((node) => !healthy(node)), ...servers.filter(healthy)]
      .map((node) => ({ role: "control-plane" as const, nodes: [node] })),
    ...broken.map((node) => ({ role: "worker" as const, nodes: [node] })),
    ...Array.from({ length: Math.ceil(workers.length / size) }, (_, index) => ({
      role: "worker" as const,
      nodes: workers.slice(index * size, (index + 1) * size),
    })),
  ];
  return {
    target,
    steps,
    undrained: steps.flatMap(({ nodes }) =>
      nodes.filter(({ node, ready }) =>
        !ready ||
        facts.takers.every((name) => nodes.some((each) => each.node === name) || name === node)
      ).map(({ node }) => node)
    ),
    leftovers: facts.nodes.filter(({ marked }) => marked).map(({ node }) => node),
    refusals: refusalsOf(facts, { target, due, steps }),
    warnings: [
      ...facts.nodes.filter(({ version }) => version === undefined).map(({ host }) =>
        `${host} is not in the cluster and is left out`
      ),
      ...due.filter(({ role, ready, online }) => role === "worker" && !ready && !online).map((
        { host },
      ) => `${host} is offline and is left out; run this again when it is back`),
      ...facts.deprecated.filter(({ removedIn }) => removedIn > minorOf(target)).map((
        { api, removedIn },
      ) => `${api} is still used; Kubernetes v1.${removedIn} removes it`),
    ],
  };
}

function refusalsOf(
  facts: UpgradeFacts,
  { target, due, steps }: {
    readonly target: string;
    readonly due: readonly UpgradeNode[];
    readonly steps: readonly UpgradeStep[];
  },
): UpgradePlan["refusals"] {
  const newer = due.filter(({ version }) => compareReleases(version!, target) > 0);
  const skips = due.filter(({ version }) => minorOf(target) - minorOf(version!) > 1);
  const first = steps[0]?.role === "control-plane" ? steps[0].nodes[0] : undefined;
  const removed = facts.deprecated.filter(({ removedIn }) => removedIn <= minorOf(target));
  return [
    ...newer.map(({ host, role, version }) => ({
      message: role === "worker"
        ? `${host} runs ${version}: it would be newer than its servers with ${target}`
        : `${host} runs ${version}: ${target} would be a downgrade`,
      hint: `Kubernetes does not support going back: choose ${version} or newer.`,
    })),
    ...skips.map(({ host, version }) => ({
      message: `${host} runs ${version}: going to ${target} would skip a minor version`,
      hint: `Upgrade to a release of v1.${minorOf(version!) + 1} first, then continue from there.`,
    })),
    ...first === undefined ? [] : unhealthyPeers(facts.nodes, first),
    ...steps.length === 0 ? [] : removed.map(({ api, removedIn }) => ({
      message: `${api} is still used; Kubernetes v1.${removedIn} removes it`,
      hint:
        "Move what uses it to a newer API version, then restart k3s on the server: the count starts at zero again.",
    })),
  ];
}

/** Why a server may not be taken down: others that are not healthy, each with what to do. */
export function unhealthyPeers(
  nodes: readonly NodeState[],
  { node, host }: Pick<NodeState, "node" | "host">,
): UpgradePlan["refusals"] {
  return nodes.filter((peer) =>
    peer.role === "control-plane" && peer.version !== undefined && peer.node !== node &&
    !(peer.ready && peer.votes)
  ).map((peer) => ({
    message: `The server ${peer.host} ${peer.ready ? "does not vote in etcd" : "is not Ready"}, ` +
      `so ${host} cannot be taken down`,
    hint: `Bring ${peer.host} back first; see: k3s-tool logs ${shellWord(peer.host)}`,
  }));
}
