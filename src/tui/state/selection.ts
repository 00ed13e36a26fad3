/**
 * What the keys act on: the object behind the selected row or line. Pure.
 *
 * @module
 */

import { hasEnded, podIndex } from "../../reports/pod_index.ts";
import { serviceReport } from "../../reports/service_report.ts";
import type { NodeReport } from "../../reports/node_report.ts";
import { jobsOf } from "../../reports/workload_report.ts";
import type { ClusterPod } from "../../cluster/read/objects.ts";
import type { ObjectReference } from "../../cluster/api/requests.ts";
import { referenceTo } from "../../view/details/related.ts";
import { nodeRows } from "../../view/lists/live_rows.ts";
import type { Model } from "./model.ts";
import { eventOf, selectedRow } from "./rows.ts";
import type { Subject } from "./screens.ts";
import { linesOf } from "../draw/screen_text.ts";

/** What Enter opens in the list that has the focus; undefined without a row. */
export function rowSubject(model: Model): Subject | undefined {
  const { focus } = model.ui;
  if (focus === "events") {
    const row = selectedRow(model, focus);
    return row && { type: "event", key: row.key };
  }
  const reference = focus === "nodes"
    ? referenceTo({ kind: "Node", namespace: "", name: selectedRow(model, focus)?.name ?? "" })
    : selectedRow(model, focus)?.reference;
  return reference && { type: "object", reference };
}

/** The object that actions are meant for; undefined where there is none the cluster knows. */
export function selectedObject(model: Model): ObjectReference | undefined {
  const top = model.ui.screens.at(-1);
  switch (top?.kind) {
    case undefined: {
      const subject = rowSubject(model);
      return subject && objectOfSubject(model, subject);
    }
    case "details": {
      const line = linesOf(model, top)[top.scroll.cursor];
      return line?.target ?? objectOfSubject(model, top.subject);
    }
    case "yaml":
      return top.reference;
    case "log": {
      const { namespace, pod } = top.log.source;
      return { kind: "Pod", namespace, name: pod };
    }
    default:
      return undefined;
  }
}

/** The node that is selected, or whose details are open, also one that has not joined yet. */
export function selectedNode(model: Model): NodeReport | undefined {
  const top = model.ui.screens.at(-1);
  const subject = top === undefined
    ? rowSubject(model)
    : top.kind === "details"
    ? top.subject
    : undefined;
  const selected = selectedObject(model);
  const node = [selected, subject?.type === "object" ? subject.reference : undefined]
    .find((reference) => reference?.kind === "Node");
  return node && nodeRows(model).find(({ name }) => name === node.name);
}

function objectOfSubject(model: Model, subject: Subject): ObjectReference | undefined {
  if (subject.type === "event") {
    const event = eventOf(model, subject.key);
    return event && referenceTo(event.about);
  }
  const { kind, name } = subject.reference;
  // A host that is not provisioned yet is no node of the cluster.
  const isThere = kind !== "Node" ||
    model.live.cluster.nodes?.values().some((node) => node.name === name);
  return isThere ? subject.reference : undefined;
}

/** The pods whose logs belong to an object, those in trouble first, then the youngest, those on their way out last. */
export function podsOf(
  { live }: Pick<Model, "live">,
  reference: ObjectReference,
): readonly ClusterPod[] {
  const { pods } = live.cluster;
  if (pods === undefined) return [];
  const index = podIndex(pods);
  const { kind, namespace, name } = reference;
  switch (kind) {
    case "Pod": {
      const pod = index.named(namespace, name);
      return pod === undefined ? [] : [pod];
    }
    case "Service":
      return byInterest(serviceReport(live.cluster, reference)?.selected ?? []);
    case "Node":
    case "Event":
      return [];
    default: {
      const owner = { kind, namespace, name };
      const owners = [owner, ...jobsOf(live.cluster, owner)];
      return byInterest(owners.flatMap((each) => index.ofOwner(each)));
    }
  }
}

function byInterest(pods: readonly ClusterPod[]): readonly ClusterPod[] {
  const rank = (pod: ClusterPod) =>
    pod.ending ? 3 : pod.problem !== undefined ? 0 : hasEnded(pod) ? 2 : 1;
  return [...pods].sort((a, b) =>
    rank(a) - rank(b) || (b.createdAt ?? "").localeCompare(a.createdAt ?? "")
  );
}
