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

/**
 * What kube-controller-manager taints a cordoned node with (Kubernetes
 * `pkg/controller/nodelifecycle`, doNoScheduleTaintingPass).
 */
const CORDON_TAINT = "node.kubernetes.io/unschedulable";

/**
 * How long the controllers may take to notice a cordon, in milliseconds. When the server that leads
 * them goes away, another one leads after 15 s (component-base `config/v1alpha1/defaults.go`).
 */
const NOTICE_MS = 60_000;

/** Annotation of a node that an upgrade cordoned: if it was killed, the next one uncordons the node. */
export const UPGRADE_MARK = "k3s-tool.io/cordoned-by-upgrade";

/** Names at most so many pods in one sentence. */
const NAMED = 3;

/**
 * Drains a node, as `kubectl drain --ignore-daemonsets --delete-emptydir-data --force` does.
 *
 * The node stays cordoned, also where the person stops it half way.
 *
 * @param options.mark an annotation that tells whose cordon it is, set where it was not cordoned before
 * @throws {UserError} exit code 1 where pods are left when the time is up or could not be evicted
 */
export async function* drainNode(
  context: ChangeContext,
  name: string,
  { mark }: { readonly mark?: string } = {},
): AsyncGenerator<string, void> {
  const node = safeText(name);
  const changed = await setCordon(context, name, true, mark);
  yield changed ? `${node} is cordoned.` : `${node} was cordoned already.`;
  let left: readonly Leaving[];
  try {
    const found = await podsOfNode(context, name);
    yield* plan(node, found);
    if (found.some(({ stays }) => stays === undefined)) yield* cordonNoticed(context, name);
    context.signal.throwIfAborted();
    left = found.filter(({ stays }) => stays === undefined)
      .map((pod) => ({ ...pod, askAt: 0, refusal: undefined }));
  } catch (error) {
    if (!context.signal.aborted) throw error;
    yield `Stopped: ${node} stays cordoned; none of its pods was evicted.`;
    return;
  }

  const leaving = left;
  const total = leaving.length;
  const news: string[] = [];
  const rounds = follow(context, async () => {
    for (const pod of left) news.push(...await askToGo(context, pod));
    const there = new Set((await podsOfNode(context, name)).map(({ uid }) => uid));
    left = left.filter(({ uid }) => there.has(uid));
    const words = left.length === 0 ? "" : `${ofPods(left.length, total)} still on ${node}.`;
    return {
      done: left.every(({ askAt, refusal }) => askAt === undefined && refusal !== undefined),
      words,
    };
  });
  let round = await rounds.next();
  for (; !round.done; round = await rounds.next()) yield* [...news.splice(0), round.value];
  yield* news;

  if (round.value === "stopped") {
    const evicted = leaving.filter((pod) => pod.askAt === undefined && pod.refusal === undefined);
    yield `Stopped: ${node} stays cordoned; ${ofPods(evicted.length, total)} evicted ` +
      "and will not come back by themselves.";
    return;
  }
  if (left.length === 0) {
    yield total === 0
      ? `${node} is drained: no pod had to leave.`
      : `${node} is drained: ${pods(total)} left it.`;
    return;
  }
  throw new UserError(`${node} is cordoned but not drained: ${pods(left.length)} still on it`, {
    hint: "Drain it again when what holds them has changed, or uncordon it.",
    problems: left.map((pod) => ({
      message: `${podWords(pod)}: ${pod.refusal ?? "it is still terminating"}`,
    })),
  });
}

/** What draining a node would do, in sentences; nothing is changed. @throws {UserError} */
export async function* drainPlan(
  context: ChangeContext,
  name: string,
): AsyncGenerator<string, void> {
  const node = safeText(name);
  yield `${node} would be cordoned.`;
  yield* plan(node, await podsOfNode(context, name));
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

/** A pod that is to leave. */
interface Leaving extends PodOfNode {
  /** When it is to be asked, or asked again; undefined once there is an answer that stands. */
  askAt: number | undefined;
  /** Why it could not be evicted, the last time. */
  refusal: string | undefined;
}

/** Asks a pod to go where it is time to; what is new is told. */
async function askToGo(context: ChangeContext, pod: Leaving): Promise<readonly string[]> {
  const { clock } = context;
  if (pod.askAt === undefined || clock.now() < pod.askAt) return [];
  const before = pod.refusal;
  const answer = await evict(context, pod);
  pod.askAt = answer.kind === "later" ? clock.now() + RETRY_MS : undefined;
  pod.refusal = answer.kind === "taken" ? undefined : answer.words;
  if (pod.refusal === undefined || answer.kind === "later" && pod.refusal === before) return [];
  return [
    answer.kind === "later"
      ? `${podWords(pod)} cannot go yet: ${pod.refusal}; trying again every 5 s.`
      : `${podWords(pod)} could not be evicted: ${pod.refusal}.`,
  ];
}

/** What became of the request. */
type Eviction =
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
async function evict(
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
function podWords({ namespace, name }: Pick<PodOfNode, "namespace" | "name">): string {
  return safeText(`${namespace}/${name}`);
}

const Schedulable = z.object({
  metadata: z.object({ annotations: z.record(z.string(), z.string()).nullish() }).nullish(),
  spec: z.object({
    unschedulable: z.boolean().nullish(),
    taints: z.array(z.object({ key: z.string() })).nullish(),
  }).nullish(),
});

/**
 * Waits until kube-controller-manager has noticed that a node is cordoned. While it has not, nothing
 * takes the pods that leave out of their Services, and nothing replaces them: after the server that
 * leads the controllers was restarted, until another one does.
 *
 * @throws {UserError} exit code 1 when the time is up
 */
async function* cordonNoticed(context: ChangeContext, name: string): AsyncGenerator<string, void> {
  const node = requestsAbout(context, { kind: "Node", namespace: "", name });
  let looks = 0;
  const followed = yield* follow({ ...context, limitMs: NOTICE_MS }, async () => {
    const { spec } = Schedulable.parse(await node.read());
    const done = spec?.taints?.some(({ key }) => key === CORDON_TAINT) ?? false;
    const words = !done && ++looks > 1 ? "Waiting for kube-controller-manager." : "";
    return { done, words };
  });
  if (followed !== "time is up") return;
  throw new UserError(
    `${safeText(name)} is cordoned but not drained: kube-controller-manager does not respond, ` +
      "so nothing would replace its pods",
    {
      hint: "See k3s-tool status and, on the servers, journalctl -u k3s. Then drain it again, " +
        "or uncordon it.",
    },
  );
}

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
      ? `${node} is cordoned: no new pods are scheduled on it; its pods keep running.`
      : `${node} was cordoned already.`;
  } else {
    yield changed
      ? `${node} takes pods again; evicted pods do not move back by themselves.`
      : `${node} was not cordoned.`;
  }
}

/** @returns whether that changed anything */
async function setCordon(
  context: ChangeContext,
  name: string,
  cordon: boolean,
  mark?: string,
): Promise<boolean> {
  const node = requestsAbout(context, { kind: "Node", namespace: "", name });
  const before = Schedulable.parse(await node.read());
  // A cordon that a person asks for, or takes back, is no longer the upgrade's.
  const stale = mark === undefined && before.metadata?.annotations?.[UPGRADE_MARK] !== undefined;
  const annotations = {
    ...stale && { [UPGRADE_MARK]: null },
    ...mark !== undefined && { [mark]: "true" },
  };
  const marks = Object.keys(annotations).length === 0 ? {} : { metadata: { annotations } };
  if ((before.spec?.unschedulable ?? false) === cordon) {
    if (stale) await node.patch(marks);
    return false;
  }
  // As kubectl does it: null takes the member out.
  await node.patch({ ...marks, spec: { unschedulable: cordon ? true : null } });
  return true;
}
