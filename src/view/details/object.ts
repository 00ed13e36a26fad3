/**
 * The details of anything that can be looked at.
 *
 * @module
 */

import type { ObjectReference } from "../../cluster/api/requests.ts";
import { eventRows, type LiveView, nodeRows } from "../lists/live_rows.ts";
import { nodeDetails } from "./node.ts";
import { podDetails } from "./pod.ts";
import { fieldSection, line, type Section, section } from "./section.ts";
import { serviceDetails } from "./service.ts";
import { workloadDetails } from "./workload.ts";
import { inTone } from "../words/tone.ts";
import { duration, since } from "../words/amounts.ts";
import { type FoldedEvent, objectOf, wordOf } from "../lists/live_events.ts";
import { eventSection, referenceTo } from "./related.ts";

/** An object as the API server has it. */
export type ApiObject = Readonly<Record<string, unknown>>;

/**
 * The sections of an object by its kind.
 *
 * @param object undefined while it is being read. Nodes and events need none.
 * @param pods of a Service, some or all of its pods
 */
export function objectDetails(
  view: LiveView,
  reference: ObjectReference,
  object: ApiObject | undefined,
  pods: readonly ApiObject[] = [],
): readonly Section[] {
  const { kind, namespace, name } = reference;
  switch (kind) {
    case "Node": {
      const report = nodeRows(view).find((each) => each.name === name);
      return report === undefined ? gone("node", name) : nodeDetails(view, report);
    }
    case "Event": {
      const event = eventRows(view).find(({ newest }) =>
        newest.namespace === namespace && newest.name === name
      );
      return event === undefined ? gone("event", name) : eventDetails(view, event);
    }
    case "Pod":
      return podDetails(view, reference, object);
    case "Service":
      return serviceDetails(view, reference, object, pods);
    default:
      return workloadDetails(view, { ...reference, kind }, object);
  }
}

function gone(what: string, name: string): readonly Section[] {
  return [section("Status", [line(inTone("warn", `The ${what} ${name} is gone.`))])];
}

/** All that an event says, and what else was said of its object. */
export function eventDetails(view: LiveView, event: FoldedEvent): readonly Section[] {
  const { about, at, count, newest } = event;
  const { now } = view;
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
    eventSection(
      view,
      ({ kind, namespace, name }) =>
        kind === about.kind && namespace === about.namespace && name === about.name,
    ),
  ];
}
