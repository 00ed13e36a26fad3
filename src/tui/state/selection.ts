/**
 * What the keys act on: the object behind the selected row or line. Pure.
 *
 * @module
 */

import { hasEnded, podIndex } from "../../reports/pod_index.ts";
import { serviceReports } from "../../reports/service_report.ts";
import type { ClusterPod } from "../../cluster/read/objects.ts";
import type { ObjectReference } from "../../cluster/api/requests.ts";
import { referenceTo } from "../../view/details/related.ts";
import type { Model } from "./model.ts";
import { eventOf, selectedRow } from "./rows.ts";
import type { Subject } from "./screens.ts";
import { linesOf } from "../draw/screen_text.ts";

/** What Enter opens in the list that has the focus; undefined without a row. */
export function rowSubject(model: Model): Subject | undefined {
  switch (model.ui.focus) {
    case "nodes": {
      const row = selectedRow(model, "nodes");
      return row && { type: "object", reference: nodeReference(row.name) };
    }
    case "workloads": {
      const row = selectedRow(model, "workloads");
      return row && { type: "object", reference: row.reference };
    }
    case "events": {
      const row = selectedRow(model, "events");
      return row && { type: "event", key: row.key };
    }
  }
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

function objectOfSubject(model: Model, subject: Subject): ObjectReference | undefined {
  if (subject.type === "object") {
    const { reference } = subject;
    return reference.kind === "Node" && !isInCluster(model, reference.name) ? undefined : reference;
  }
  const event = eventOf(model, subject.key);
  return event && referenceTo(event.about);
}

/** A node by name. */
export function nodeReference(name: string): ObjectReference {
  return { kind: "Node", namespace: "", name };
}

/** Whether the cluster has such a node; a host that is not provisioned yet is none. */
function isInCluster({ live }: Model, name: string): boolean {
  for (const node of live.cluster.nodes?.values() ?? []) if (node.name === name) return true;
  return false;
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
    case "Service": {
      const report = serviceReports(live.cluster)?.find(({ service }) =>
        service.namespace === namespace && service.name === name
      );
      return byInterest(report?.selected ?? []);
    }
    case "CronJob": {
      const jobs = [...live.cluster.jobs?.values() ?? []].filter((job) =>
        job.namespace === namespace && job.owner?.kind === "CronJob" && job.owner.name === name
      );
      return byInterest(jobs.flatMap((job) => index.ofOwner(job)));
    }
    case "Node":
    case "Event":
      return [];
    default:
      return byInterest(index.ofOwner({ kind, namespace, name }));
  }
}

function byInterest(pods: readonly ClusterPod[]): readonly ClusterPod[] {
  const rank = (pod: ClusterPod) =>
    pod.ending ? 3 : pod.problem !== undefined ? 0 : hasEnded(pod) ? 2 : 1;
  return [...pods].sort((a, b) =>
    rank(a) - rank(b) || (b.createdAt ?? "").localeCompare(a.createdAt ?? "")
  );
}
