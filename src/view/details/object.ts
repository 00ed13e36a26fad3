/**
 * The details of anything that can be looked at.
 *
 * @module
 */

import type { LiveState } from "../../live/live_state.ts";
import type { ObjectReference } from "../../cluster/api/requests.ts";
import { eventRows, nodeRows } from "../lists/live_rows.ts";
import { nodeDetails } from "./node.ts";
import { podDetails } from "./pod.ts";
import { fieldSection, line, type Section, section } from "./section.ts";
import { serviceDetails } from "./service.ts";
import { workloadDetails } from "./workload.ts";
import { inTone } from "../words/tone.ts";
import { duration, since } from "../words/amounts.ts";
import { type FoldedEvent, objectOf, wordOf } from "../lists/live_events.ts";
import { eventSection, referenceTo } from "./related.ts";

/**
 * The sections of an object by its kind.
 *
 * @param object as the API server has it; undefined while it is being read. Nodes and events need none.
 * @param more.pods of a Service, some or all of its pods as the API server has them
 */
export function objectDetails(
  reference: ObjectReference,
  object: Readonly<Record<string, unknown>> | undefined,
  state: LiveState,
  now: number,
  more: { readonly pods?: readonly Readonly<Record<string, unknown>>[] } = {},
): readonly Section[] {
  const { kind, namespace, name } = reference;
  switch (kind) {
    case "Node": {
      const report = nodeRows(state, now).find((each) => each.name === name);
      return report === undefined ? gone("node", name) : nodeDetails(report, state, now);
    }
    case "Event": {
      const event = eventRows(state, { warningsOnly: false }).find(({ newest }) =>
        newest.namespace === namespace && newest.name === name
      );
      return event === undefined ? gone("event", name) : eventDetails(event, state, now);
    }
    case "Pod":
      return podDetails(reference, object, state, now);
    case "Service":
      return serviceDetails(reference, object, state, now, more);
    default:
      return workloadDetails({ ...reference, kind }, object, state, now);
  }
}

function gone(what: string, name: string): readonly Section[] {
  return [section("Status", [line(inTone("warn", `The ${what} ${name} is gone.`))])];
}

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
