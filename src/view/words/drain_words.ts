/**
 * What draining a node will do.
 *
 * @module
 */

import { podIndex } from "../../reports/pod_index.ts";
import type { ClusterState } from "../../cluster/watch/cluster_state.ts";
import type { ClusterNode, ClusterPod } from "../../cluster/read/objects.ts";

/** Names told of a group; the rest is counted. */
const MOST_NAMES = 3;

/** Sentences with the numbers as they are now. */
export function drainLines(name: string, cluster: ClusterState): readonly string[] {
  const cordons = "It is cordoned first: no new pods come to it until it is uncordoned.";
  const nodes = [...cluster.nodes?.values() ?? []];
  if (cluster.pods === undefined) {
    return [
      cordons,
      "Its pods are evicted; how many there are is not known.",
      ...onlyControlPlane(name, nodes),
    ];
  }
  const groups = Map.groupBy(podIndex(cluster.pods).onNode(name), staysBecause);
  const going = groups.get(undefined) ?? [];
  return [
    cordons,
    going.length === 0
      ? "No pod has to leave it."
      : going.length === 1
      ? "1 pod is evicted, as far as disruption budgets allow. Files in its emptyDir volumes are lost."
      : `${going.length} pods are evicted, as far as disruption budgets allow. Files in their ` +
        "emptyDir volumes are lost.",
    ...staying(groups.get("DaemonSet")?.length ?? 0, ["of a DaemonSet", "of DaemonSets"]),
    ...staying(groups.get("Node")?.length ?? 0, ["of the kubelet", "of the kubelet"]),
    ...nobodysPods(going),
    ...going.length === 0 ? [] : whereTo(name, nodes),
    ...onlyControlPlane(name, nodes),
  ];
}

/** Kind of the owner that keeps a pod on a node that is drained; undefined where it leaves. */
function staysBecause({ owner }: ClusterPod): "DaemonSet" | "Node" | undefined {
  return owner?.kind === "DaemonSet" || owner?.kind === "Node" ? owner.kind : undefined;
}

function staying(
  count: number,
  [ofOne, ofMany]: readonly [one: string, many: string],
): readonly string[] {
  if (count === 0) return [];
  return [count === 1 ? `1 pod ${ofOne} stays.` : `${count} pods ${ofMany} stay.`];
}

function nobodysPods(going: readonly ClusterPod[]): readonly string[] {
  const lost = going.filter(({ owner }) => owner === undefined);
  if (lost.length === 0) return [];
  const names = lost.slice(0, MOST_NAMES).map(({ namespace, name }) => `${namespace}/${name}`);
  const more = lost.length - names.length;
  const listed = `${names.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
  return [`Nothing makes ${listed} anew: no controller owns ${lost.length === 1 ? "it" : "them"}.`];
}

function whereTo(name: string, nodes: readonly ClusterNode[]): readonly string[] {
  const others = nodes.filter((node) => node.name !== name && takesPods(node));
  if (others.length > 0) return [];
  return ["No other node takes pods now: those evicted wait until one does."];
}

function takesPods({ cordoned, conditions }: ClusterNode): boolean {
  return !cordoned && conditions.some(({ type, status }) => type === "Ready" && status === "True");
}

function onlyControlPlane(name: string, nodes: readonly ClusterNode[]): readonly string[] {
  const servers = nodes.filter(({ roles }) =>
    roles.includes("control-plane") || roles.includes("master")
  );
  if (servers.length !== 1 || servers[0]?.name !== name) return [];
  return [
    "It is the only control plane: the API server stays on it, and when the machine is turned off " +
    "the cluster is out of reach.",
  ];
}
