/**
 * The live list of events.
 *
 * @module
 */

import { duration, NOTHING } from "../words/amounts.ts";
import type { FoldedEvent } from "./folded_events.ts";
import type { ListSpec } from "./list.ts";
import { inTone } from "../words/tone.ts";

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
      cell: ({ reason, warning }) => (inTone(warning ? "warn" : "plain", reason || NOTHING)),
      sort: ({ reason }) => reason,
    },
    {
      header: "NAMESPACE",
      priority: 5,
      cell: ({ about }) => about.namespace || NOTHING,
      sort: ({ about }) => about.namespace || undefined,
    },
    {
      header: "OBJECT",
      priority: 1,
      grow: true,
      least: 16,
      cell: objectOf,
      sort: objectOf,
    },
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
      cell: ({ message }) => message || NOTHING,
      sort: ({ message }) => message,
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
