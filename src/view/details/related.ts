/**
 * What stands in the details of several kinds of objects: pods, events, conditions, labels.
 *
 * @module
 */

import type * as z from "zod";
import { counted } from "../../errors/safe_text.ts";
import type { ClusterEvent, ClusterPod } from "../../cluster/read/objects.ts";
import type { ObjectKind, ObjectReference } from "../../cluster/api/requests.ts";
import { byNamespaceAndName } from "../../reports/by_name.ts";
import { duration, NOTHING, since } from "../words/amounts.ts";
import { type FoldedEvent, objectOf } from "../lists/live_events.ts";
import { eventRows, type LiveView } from "../lists/live_rows.ts";
import { type Cell, inTone, type Toned } from "../words/tone.ts";
import { line, type Row, rows, type Section, section } from "./section.ts";
import type { Condition } from "./api_objects.ts";

/** Kinds of objects that can be looked at. */
const KINDS: ReadonlySet<string> = new Set<ObjectKind>([
  "Node",
  "Pod",
  "Service",
  "Deployment",
  "StatefulSet",
  "DaemonSet",
  "Job",
  "CronJob",
]);

/** The most events shown of one object. */
const MOST_EVENTS = 30;

/** What an object is called; not of every kind can be looked at. */
type Named = Omit<ClusterEvent["about"], "uid">;

/** The object a kind and a name stand for; undefined where it cannot be looked at. */
export function referenceTo({ kind, namespace, name }: Named): ObjectReference | undefined {
  if (!KINDS.has(kind) || name === "") return undefined;
  return { kind: kind as ObjectKind, namespace: kind === "Node" ? "" : namespace, name };
}

/** Pods, one a line, with their node unless all are on one. Undefined: they are not known. */
export function podSection(
  { now }: LiveView,
  pods: readonly ClusterPod[] | undefined,
  { onNode = false }: { readonly onNode?: boolean } = {},
): Section {
  if (pods === undefined) return section("Pods", [], "not known");
  const all = pods.toSorted(byNamespaceAndName).map((pod): Row => ({
    cells: [
      onNode ? `${pod.namespace}/${pod.name}` : pod.name,
      `${pod.containers.ready}/${pod.containers.total}`,
      podWords(pod),
      counted(pod.restarts, "restart"),
      since(pod.createdAt, now),
      ...onNode ? [] : [pod.nodeName ?? NOTHING],
    ],
    target: { kind: "Pod", namespace: pod.namespace, name: pod.name },
  }));
  return section(`Pods (${pods.length})`, rows(all));
}

/** How a pod stands: `Running`, `Pending: Unschedulable`, `ending`. */
export function podWords({ phase, ready, ending, problem }: ClusterPod): Toned {
  if (ending) return inTone("muted", "ending");
  if (phase === "Succeeded") return inTone("muted", "Succeeded");
  if (ready) return inTone("good", phase);
  const unready = phase === "Running" ? ", not ready" : "";
  const text = phase + (problem === undefined ? unready : `: ${problem.reason}`);
  return inTone(phase === "Failed" ? "bad" : "warn", text);
}

/**
 * Events of which a test says that they belong here, the newest first.
 *
 * @param options.about says of each what it is about
 */
export function eventSection(
  view: LiveView,
  belongs: (about: ClusterEvent["about"]) => boolean,
  { about = false }: { readonly about?: boolean } = {},
): Section {
  const { cluster, gaps } = view.live;
  if (cluster.events === undefined) {
    return section("Events", [], gaps.get("events") ?? "not known");
  }
  const found = eventRows(view).filter((event) => belongs(event.about));
  const lines = rows(found.slice(0, MOST_EVENTS).map((event) => eventRow(event, view.now, about)));
  const more = found.length - MOST_EVENTS;
  return section(
    "Events",
    more > 0 ? [...lines, line(inTone("muted", `and ${more} more`))] : lines,
    "none in the last hour or so",
  );
}

function eventRow(event: FoldedEvent, now: number, about: boolean): Row {
  const { at, warning, reason, message, count } = event;
  const cells: Cell[] = [
    at === undefined ? NOTHING : duration(now - at),
    inTone("warn", warning ? "!" : " "),
    inTone(warning ? "warn" : "plain", reason),
    ...about ? [objectOf(event)] : [],
    count > 1 ? `${message} (×${count})` : message,
  ];
  return { cells, target: about ? referenceTo(event.about) : undefined };
}

/**
 * Conditions, one a line.
 *
 * @param good the status that is well for a type
 */
export function conditionSection(
  { now }: LiveView,
  conditions: readonly z.output<typeof Condition>[],
  good: (type: string) => "True" | "False",
): Section {
  const all = conditions.map(({ type, status, reason, message, since: moment }) => {
    const well = status === good(type);
    const said = [reason, message].filter((part) => part !== "").join(": ");
    return {
      cells: [
        type,
        inTone(well ? "good" : status === "Unknown" ? "warn" : "bad", status),
        moment === undefined ? NOTHING : `since ${since(moment, now)}`,
        inTone(well ? "muted" : "plain", said),
      ],
    };
  });
  return section("Conditions", rows(all));
}

/** `key=value` pairs, one a line, by key. */
export function pairSection(title: string, pairs: Readonly<Record<string, string>>): Section {
  const lines = Object.entries(pairs)
    .sort(([a], [b]) => a < b ? -1 : 1)
    .map(([key, value]) => line(value === "" ? key : `${key}=${value}`));
  return section(title, lines);
}
