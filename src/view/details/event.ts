/**
 * The details of an event.
 *
 * @module
 */

import type { LiveState } from "../../live/live_state.ts";
import { duration, since } from "../words/amounts.ts";
import type { FoldedEvent } from "../lists/folded_events.ts";
import { objectOf, wordOf } from "../lists/live_events.ts";
import { eventSection, referenceTo } from "./related.ts";
import { fields, line, type Section, section } from "./section.ts";

/** All that an event says, and what else was said of its object. */
export function eventDetails(
  event: FoldedEvent,
  state: LiveState,
  now: number,
): readonly Section[] {
  const { about, at, count, newest } = event;
  return [
    section(
      "Event",
      fields([
        {
          name: "Type",
          value: { text: wordOf(event), tone: event.warning ? "warn" : "plain" },
        },
        { name: "Reason", value: event.reason },
        { name: "Object", value: objectOf(event), target: referenceTo(about) },
        { name: "Namespace", value: about.namespace },
        { name: "Said", value: count === 1 ? "once" : `${count} times` },
        { name: "Last", value: at === undefined ? "not known" : `${duration(now - at)} ago` },
        {
          name: "First",
          value: newest.createdAt && `${since(newest.createdAt, now)} ago`,
        },
        { name: "Name", value: newest.name },
      ]),
    ),
    section("Message", [line(event.message)]),
    eventSection(state, {
      belongs: ({ kind, namespace, name }) =>
        kind === about.kind && namespace === about.namespace && name === about.name,
      now,
    }),
  ];
}
