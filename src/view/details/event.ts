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
import { fieldSection, line, type Section, section } from "./section.ts";
import { inTone } from "../words/tone.ts";

/** All that an event says, and what else was said of its object. */
export function eventDetails(
  event: FoldedEvent,
  state: LiveState,
  now: number,
): readonly Section[] {
  const { about, at, count, newest } = event;
  return [
    fieldSection("Event", [
      ["Type", inTone(event.warning ? "warn" : "plain", wordOf(event))],
      ["Reason", event.reason],
      ["Object", objectOf(event), referenceTo(about)],
      ["Namespace", about.namespace],
      ["Said", count === 1 ? "once" : `${count} times`],
      ["Last", at === undefined ? "not known" : `${duration(now - at)} ago`],
      ["First", newest.createdAt && `${since(newest.createdAt, now)} ago`],
      ["Name", newest.name],
    ]),
    section("Message", [line(event.message)]),
    eventSection(state, {
      belongs: ({ kind, namespace, name }) =>
        kind === about.kind && namespace === about.namespace && name === about.name,
      now,
    }),
  ];
}
