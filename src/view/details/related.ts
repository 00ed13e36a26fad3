/**
 * What stands in the details of several kinds of objects: pods, events, conditions, labels.
 *
 * @module
 */

import type * as z from "zod";
import { counted } from "../../errors/safe_text.ts";
import type { LiveState } from "../../live/live_state.ts";
import type { ClusterEvent, ClusterPod } from "../../cluster/read/objects.ts";
import type { ObjectKind, ObjectReference } from "../../cluster/api/requests.ts";
import { duration, NOTHING, since } from "../words/amounts.ts";
import { type FoldedEvent, objectOf } from "../lists/live_events.ts";
import { eventRows } from "../lists/live_rows.ts";
import { type Cell, inTone, type Toned } from "../words/tone.ts";
import { line, rows, type Section, section } from "./section.ts";
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

/** The object a kind and a name stand for; undefined where it cannot be looked at. */
export function referenceTo(
  { kind, namespace, name }: {
    readonly kind: string;
    readonly namespace: string;
    readonly name: string;
  },
): ObjectReference | undefined {
  if (!KINDS.has(kind) || name === "") return undefined;
  return { kind: kind as ObjectKind, namespace: kind === "Node" ? "" : namespace, name };
}

/** Pods, one a line. Undefined: they are not known. */
export function podSection(
  pods: readonly ClusterPod[] | undefined,
  { now, title = "Pods", withNode = true }: {
    readonly now: number;
    readonly title?: string;
    /** False where all are on the node that is looked at. */
    readonly withNode?: boolean;
  },
): Section {
  if (pods === undefined) return section(title, [], { empty: "not known" });
  const all = pods.toSorted((a, b) =>
    a.namespace < b.namespace ? -1 : a.namespace > b.namespace ? 1 : a.name < b.name ? -1 : 1
  ).map((pod) => ({
    cells: [
      withNode ? pod.name : `${pod.namespace}/${pod.name}`,
      `${pod.containers.ready}/${pod.containers.total}`,
      podWords(pod),
      counted(pod.restarts, "restart"),
      since(pod.createdAt, now),
      ...withNode ? [pod.nodeName ?? NOTHING] : [],
    ],
    target: { kind: "Pod", namespace: pod.namespace, name: pod.name } as const,
  }));
  return section(`${title} (${pods.length})`, rows(all));
}

/** How a pod stands: `Running`, `Pending: Unschedulable`, `ending`. */
export function podWords({ phase, ready, ending, problem }: ClusterPod): Toned {
  if (ending) return inTone("muted", "ending");
  if (phase === "Succeeded") return inTone("muted", "Succeeded");
  const reason = !ready && problem !== undefined ? `: ${problem.reason}` : "";
  if (ready) return inTone("good", phase);
  const text = `${phase}${reason || (phase === "Running" ? ", not ready" : "")}`;
  return inTone(phase === "Failed" ? "bad" : "warn", text);
}

/** Events of which a test says that they belong here, the newest first. */
export function eventSection(
  state: LiveState,
  { belongs, now, about = false }: {
    readonly belongs: (about: ClusterEvent["about"]) => boolean;
    readonly now: number;
    /** Say of each what it is about. */
    readonly about?: boolean;
  },
): Section {
  if (state.cluster.events === undefined) {
    return section("Events", [], { empty: state.gaps.get("events") ?? "not known" });
  }
  const found = eventRows(state, { warningsOnly: false }).filter((event) => belongs(event.about));
  const lines = rows(found.slice(0, MOST_EVENTS).map((event) => eventRow(event, { now, about })));
  const more = found.length - MOST_EVENTS;
  return section(
    "Events",
    more > 0 ? [...lines, line(inTone("muted", `and ${more} more`))] : lines,
    { empty: "none in the last hour or so" },
  );
}

function eventRow(
  event: FoldedEvent,
  { now, about }: { readonly now: number; readonly about: boolean },
) {
  const { at, warning, reason, message, count } = event;
  const tone = warning ? "warn" : "plain";
  const cells: Cell[] = [
    at === undefined ? NOTHING : duration(now - at),
    inTone("warn", warning ? "!" : " "),
    inTone(tone, reason),
    ...about ? [objectOf(event)] : [],
    inTone("plain", count > 1 ? `${message} (×${count})` : message),
  ];
  const target = referenceTo(event.about);
  return { cells, ...about && target !== undefined ? { target } : {} };
}

/** Conditions, one a line. */
export function conditionSection(
  conditions: readonly z.output<typeof Condition>[],
  { now, good }: {
    readonly now: number;
    /** The status that is well for a type. */
    readonly good: (type: string) => "True" | "False";
  },
): Section {
  return section(
    "Conditions",
    rows(conditions.map(({ type, status, reason, message, since: moment }) => {
      const well = status === good(type);
      const said = [reason, message].filter((part) => part !== "").join(": ");
      return {
        cells: [
          type,
          inTone(well ? "good" : status === "Unknown" ? "warn" : "bad", status),
          moment === undefined ? NOTHING : `since ${since(moment, now)}`,
          well ? { text: said, tone: "muted" } : said,
        ],
      };
    })),
  );
}

/** `key=value` pairs, one a line, by key. */
export function pairSection(
  title: string,
  pairs: Readonly<Record<string, string>>,
): Section {
  const lines = Object.entries(pairs)
    .sort(([a], [b]) => a < b ? -1 : 1)
    .map(([key, value]) => line(value === "" ? key : `${key}=${value}`));
  return section(title, lines);
}
