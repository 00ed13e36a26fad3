/**
 * Anything that can be looked at: its details, and its YAML.
 *
 * @module
 */

import type { ObjectReference } from "../../cluster/api/requests.ts";
import { safeText } from "../../errors/safe_text.ts";
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

/** Stands in place of what is never shown. */
const HIDDEN = "(not shown)";

/** Where kubectl keeps a copy of all it was given, a Secret's data too. */
const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

/** The lines of an object, harmless for a terminal; the data of a Secret is not in them. */
export async function yamlLines(object: ApiObject): Promise<readonly string[]> {
  const { stringify } = await import("yaml");
  // Written out where it repeats, and never folded: a line is cut or wrapped where it is shown.
  const text = stringify(withoutSecrets(object), { aliasDuplicateObjects: false, lineWidth: 0 });
  return text.replace(/\n$/, "").split("\n").map((line) => safeText(line));
}

function withoutSecrets(object: ApiObject): unknown {
  if (object.kind !== "Secret") return object;
  const hidden = Object.fromEntries(
    Object.entries(object).map(([key, value]) =>
      key === "data" || key === "stringData" ? [key, hide(value)] : [key, value]
    ),
  );
  return { ...hidden, metadata: withoutCopy(object.metadata) };
}

function hide(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return HIDDEN;
  return Object.fromEntries(Object.keys(value).map((key) => [key, HIDDEN]));
}

function withoutCopy(metadata: unknown): unknown {
  if (typeof metadata !== "object" || metadata === null) return metadata;
  const { annotations, ...rest } = metadata as Readonly<Record<string, unknown>>;
  if (typeof annotations !== "object" || annotations === null) return rest;
  const { [LAST_APPLIED]: copy, ...others } = annotations as Readonly<Record<string, unknown>>;
  return {
    ...rest,
    annotations: copy === undefined ? others : { ...others, [LAST_APPLIED]: HIDDEN },
  };
}
