/**
 * What a change will do, asked before it is done.
 *
 * @module
 */

import { isTrouble } from "../../reports/health.ts";
import type { ClusterChange } from "../../live/live_session.ts";
import type { LiveState } from "../../live/live_state.ts";
import { hasEnded, podIndex } from "../../reports/pod_index.ts";
import { workloadReport } from "../../reports/workload_report.ts";
import type { ClusterNode, ClusterPod } from "../../cluster/read/objects.ts";
import type { ObjectReference } from "../../cluster/api/requests.ts";
import { counted, plural, safeText } from "../../errors/safe_text.ts";
import type { ClusterState } from "../../cluster/watch/cluster_state.ts";

/** A question, answered with yes or no. */
export interface Question {
  /** The question itself; it names the object. */
  readonly title: string;
  /** What will happen, in sentences. */
  readonly lines: readonly string[];
}

/** The question for a change, with what is known of the cluster now. */
export function question(change: ClusterChange, state: LiveState): Question {
  const asked = ask(change, state);
  const lines = state.connection.state === "live"
    ? asked.lines
    : [...asked.lines, "The cluster cannot be reached now: this is from the last update."];
  return { title: safeText(asked.title), lines: lines.map((line) => safeText(line)) };
}

function ask(change: ClusterChange, state: LiveState): Question {
  switch (change.type) {
    case "cordon":
      return {
        title: `Cordon ${change.node}?`,
        lines: ["No new pods are scheduled on it; its pods keep running."],
      };
    case "uncordon":
      return {
        title: `Uncordon ${change.node}?`,
        lines: ["It takes new pods again; pods that were evicted do not move back by themselves."],
      };
    case "drain":
      return { title: `Drain ${change.node}?`, lines: drainLines(change.node, state.cluster) };
    case "restart":
      return restartQuestion(change.workload, state);
    case "scale":
      return scaleQuestion(change.workload, change.replicas, state);
    case "delete-pod":
      return deleteQuestion(change, state);
  }
}

function restartQuestion(workload: ObjectReference, state: LiveState): Question {
  const title = `Restart ${nameOf(workload)}?`;
  const report = known(workload, state);
  if (report === undefined) {
    return { title, lines: ["Its pods are replaced; their number is unknown."] };
  }
  const { pods, health } = report;
  const ill = isTrouble(health) ? [`It is not healthy now (${health.toLowerCase()}).`] : [];
  return { title, lines: [replaced(workload.kind, pods.wanted), ...ill] };
}

/** How a rollout goes where nothing else was set. */
function replaced(kind: ObjectReference["kind"], pods: number): string {
  if (pods === 0) return "It has no pods now: there is nothing to replace.";
  if (kind === "Deployment") {
    return pods === 1
      ? "Its pod is replaced: the old one stops when the new one is ready, unless its strategy says otherwise."
      : `Its ${pods} pods are replaced a few at a time; the others keep running meanwhile, unless its strategy says otherwise.`;
  }
  if (pods === 1) return "Its pod is replaced; nothing answers until the new one is ready.";
  return kind === "StatefulSet"
    ? `Its ${pods} pods are replaced one at a time, the last one first.`
    : `Its ${pods} pods are replaced node by node.`;
}

function scaleQuestion(
  workload: ObjectReference,
  replicas: number,
  state: LiveState,
): Question {
  const before = known(workload, state)?.pods.wanted;
  const from = before === undefined ? "" : ` from ${before}`;
  const title = `Scale ${nameOf(workload)}${from} to ${replicas}?`;
  if (before === undefined) return { title, lines: ["Its current number of pods is unknown."] };
  const more = replicas - before;
  const what = more > 0
    ? `${counted(more, "pod is", "pods are")} added.`
    : more < 0
    ? `${counted(-more, "pod ends", "pods end")}.`
    : "It already has that many.";
  const none = "No pods are left: nothing answers until you scale it up.";
  const volumes = "Its volumes stay, unless the StatefulSet says otherwise.";
  return {
    title,
    lines: [
      what,
      ...replicas === 0 && before > 0 ? [none] : [],
      ...more < 0 && workload.kind === "StatefulSet" ? [volumes] : [],
    ],
  };
}

function deleteQuestion(
  { namespace, name }: { readonly namespace: string; readonly name: string },
  { cluster: { pods } }: LiveState,
): Question {
  const pod = pods && podIndex(pods).named(namespace, name);
  const line = pod === undefined
    ? "It no longer exists, or pods could not be listed."
    : pod.ending
    ? "It is already terminating."
    : whatFollows(pod);
  return { title: `Delete Pod ${namespace}/${name}?`, lines: [line] };
}

function whatFollows(pod: ClusterPod): string {
  const { owner } = pod;
  if (owner === undefined) return "No controller will recreate it: it is gone for good.";
  const by = `${owner.kind} ${owner.name}`;
  switch (owner.kind) {
    case "Node":
      return "It is a static pod: the kubelet keeps running it; only its API object is recreated.";
    case "Job":
      return hasEnded(pod)
        ? `It has ended; its log is deleted with it. ${by} does not change.`
        : `${by} starts a new one if it has retries left.`;
    case "StatefulSet":
      return `${by} will recreate it with the same name and volumes.`;
    default:
      return `${by} will create a new one.`;
  }
}

function known({ kind, namespace, name }: ObjectReference, { cluster }: LiveState) {
  if (kind === "Node" || kind === "Pod" || kind === "Service" || kind === "Event") return undefined;
  return workloadReport(cluster, { kind, namespace, name });
}

function nameOf({ kind, namespace, name }: ObjectReference): string {
  return `${kind} ${namespace}/${name}`;
}

/** Names told of a group; the rest is counted. */
const MOST_NAMES = 3;

/** Sentences with the numbers as they are now. */
function drainLines(name: string, cluster: ClusterState): readonly string[] {
  const nodes = [...cluster.nodes?.values() ?? []];
  return [
    "It is cordoned first: no new pods are scheduled on it until you uncordon it.",
    ...cluster.pods === undefined
      ? ["Its pods are evicted; their number is unknown."]
      : podLines(podIndex(cluster.pods).onNode(name), nodes.filter((node) => node.name !== name)),
    ...onlyControlPlane(name, nodes),
  ];
}

/** What becomes of the pods on a node that is drained. */
function podLines(
  pods: readonly ClusterPod[],
  others: readonly ClusterNode[],
): readonly string[] {
  const groups = Map.groupBy(pods, staysBecause);
  const going = groups.get(undefined) ?? [];
  return [
    going.length === 0
      ? "No pods have to be evicted."
      : `${counted(going.length, "pod is", "pods are")} evicted, as far as disruption budgets ` +
        `allow. Files in ${plural(going.length, "its", "their")} emptyDir volumes are lost.`,
    ...staying(groups.get("DaemonSet"), "pod of a DaemonSet stays", "pods of DaemonSets stay"),
    ...staying(groups.get("Node"), "pod of the kubelet stays", "pods of the kubelet stay"),
    ...nobodysPods(going),
    ...going.length === 0 || others.some(takesPods)
      ? []
      : ["No other node takes pods now: evicted pods stay Pending until one does."],
  ];
}

/** Kind of the owner that keeps a pod on a node that is drained; undefined where it leaves. */
function staysBecause({ owner }: ClusterPod): "DaemonSet" | "Node" | undefined {
  return owner?.kind === "DaemonSet" || owner?.kind === "Node" ? owner.kind : undefined;
}

function staying(pods: readonly ClusterPod[] = [], one: string, many: string): readonly string[] {
  return pods.length === 0 ? [] : [`${counted(pods.length, one, many)}.`];
}

function nobodysPods(going: readonly ClusterPod[]): readonly string[] {
  const lost = going.filter(({ owner }) => owner === undefined);
  if (lost.length === 0) return [];
  const names = lost.slice(0, MOST_NAMES).map(({ namespace, name }) => `${namespace}/${name}`);
  const more = lost.length - names.length;
  const listed = `${names.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
  return [`No controller will recreate ${listed}.`];
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
    "It is the only control plane: the API server stays on it, and if you turn the machine off, " +
    "the cluster cannot be reached.",
  ];
}
