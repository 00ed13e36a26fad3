/**
 * The live list of events, of which the same ones are told once.
 *
 * @module
 */

import { duration, NOTHING } from "../words/amounts.ts";
import { type ListSpec, textual } from "./list.ts";
import { inTone } from "../words/tone.ts";
import type { ClusterEvent } from "../../cluster/read/objects.ts";

/** Events; warnings have a sign, and their word where there is room. */
export const EVENT_LIST: ListSpec<FoldedEvent> = {
  key: ({ key }) => key,
  filterText: ({ about, reason, message, warning }) =>
    `${about.namespace} ${objectOf({ about })} ${reason} ${message} ${wordOf({ warning })}`,
  columns: (now) => [
    {
      header: "AGE",
      priority: 0,
      align: "right",
      cell: ({ at }) => at === undefined ? NOTHING : duration(now - at),
      sort: ({ at }) => at === undefined ? undefined : -at,
    },
    {
      header: "!",
      priority: 0,
      cell: ({ warning }) => warning ? { text: "!", tone: "warn" } : "",
      sort: ({ warning }) => warning ? 0 : 1,
    },
    {
      header: "TYPE",
      priority: 6,
      cell: ({ warning }) => (inTone(warning ? "warn" : "muted", wordOf({ warning }))),
    },
    {
      header: "REASON",
      priority: 2,
      grow: true,
      least: 10,
      cell: ({ reason, warning }) => inTone(warning ? "warn" : "plain", reason || NOTHING),
      sort: ({ reason }) => reason,
    },
    { header: "NAMESPACE", priority: 5, ...textual(({ about }) => about.namespace) },
    { header: "OBJECT", priority: 1, grow: true, least: 16, ...textual(objectOf) },
    {
      header: "×",
      priority: 3,
      align: "right",
      cell: ({ count }) => count > 1 ? `×${count}` : "",
      sort: ({ count }) => count,
    },
    {
      header: "MESSAGE",
      priority: 0,
      grow: true,
      least: 16,
      comfortable: 48,
      eager: true,
      ...textual(({ message }) => message),
    },
  ],
};

/** `Pod/web-1`. */
export function objectOf({ about }: Pick<FoldedEvent, "about">): string {
  return `${about.kind}/${about.name}`;
}

/** What Kubernetes calls its two kinds of events. */
export function wordOf({ warning }: Pick<FoldedEvent, "warning">): string {
  return warning ? "Warning" : "Normal";
}

/** What was said of one object in the same words, once or often. */
export interface FoldedEvent {
  /** Object, reason and message in one text. */
  readonly key: string;
  readonly warning: boolean;
  readonly reason: string;
  readonly message: string;
  readonly about: ClusterEvent["about"];
  /** How often in all. */
  readonly count: number;
  /** Milliseconds since the epoch, the last time; undefined where nobody says. */
  readonly at: number | undefined;
  /** The newest of them. */
  readonly newest: ClusterEvent;
}

/**
 * Folds events of the same object, reason and message; the newest first.
 *
 * @param foldings what events were folded by before: 10,000 of them are folded anew with each that
 *   is added
 */
export function foldEvents(
  events: Iterable<ClusterEvent>,
  foldings: Foldings = new WeakMap(),
): FoldedEvent[] {
  const folded = new Map<string, FoldedEvent>();
  for (const event of events) {
    const { about, reason, message, warning, count } = event;
    const folding = foldings.get(event) ?? foldingOf(event);
    foldings.set(event, folding);
    const { key, at } = folding;
    const known = folded.get(key);
    if (known === undefined) {
      folded.set(key, { key, warning, reason, message, about, count, at, newest: event });
      continue;
    }
    const newer = (at ?? -Infinity) > (known.at ?? -Infinity);
    folded.set(key, {
      ...known,
      warning: known.warning || warning,
      count: known.count + count,
      ...newer ? { at, newest: event, about } : {},
    });
  }
  return [...folded.values()].sort((a, b) =>
    (b.at ?? -Infinity) - (a.at ?? -Infinity) || (a.key < b.key ? -1 : 1)
  );
}

/** What events are folded by. */
export type Foldings = WeakMap<ClusterEvent, Pick<FoldedEvent, "key" | "at">>;

function foldingOf({ about, reason, message, lastSeen }: ClusterEvent) {
  const at = Date.parse(lastSeen);
  return {
    key: [about.kind, about.namespace, about.name, reason, message].join("\u0000"),
    at: Number.isNaN(at) ? undefined : at,
  };
}
