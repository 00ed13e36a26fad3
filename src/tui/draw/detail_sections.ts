/**
 * The details of whatever is open, found anew in each state.
 *
 * @module
 */

import { eventDetails } from "../../view/details/event.ts";
import { objectDetails } from "../../view/details/object.ts";
import { line, type Section, section } from "../../view/details/section.ts";
import type { Model } from "../state/model.ts";
import { eventOf } from "../state/rows.ts";
import type { Screen } from "../state/screens.ts";

/** The sections of a screen of details. */
export function detailSections(
  model: Model,
  { screen, object, pods }: {
    readonly screen: Extract<Screen, { kind: "details" }>;
    /** As it was read for this screen. */
    readonly object: Readonly<Record<string, unknown>> | undefined;
    /** Pods of it, likewise. */
    readonly pods: readonly Readonly<Record<string, unknown>>[];
  },
): readonly Section[] {
  const { live, now } = model;
  const { subject } = screen;
  if (subject.type === "object") {
    return objectDetails(subject.reference, object, live, now, { pods });
  }
  const event = eventOf(model, subject.key);
  if (event !== undefined) return eventDetails(event, live, now);
  const text = "The cluster keeps this event no longer.";
  return [section("Event", [line({ text, tone: "warn" })])];
}
