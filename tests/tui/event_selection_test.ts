/**
 * Which event is meant while new ones come in.
 *
 * @module
 */

import assert from "node:assert/strict";
import { type LiveState, reduceLive } from "../../src/live/live_state.ts";
import type { Model } from "../../src/tui/state/model.ts";
import { fitted } from "../../src/tui/state/press.ts";
import { rowsOf } from "../../src/tui/state/rows.ts";
import { ago, event, HOMELAB, liveState } from "../view/live_fixture.ts";
import { model, pressed } from "./model_fixture.ts";

/** An event about the pod of that name, so many minutes ago. */
function of(name: string, minutes: number) {
  const about = { kind: "Pod", namespace: "default", name, uid: `pod-${name}` };
  return event(name, { about, lastSeen: ago(minutes) });
}

const live: LiveState = liveState({
  ...HOMELAB,
  events: [of("first", 5), of("second", 9)],
});

/** The model after an event that is newer than all others. */
function afterNews(before: Model): Model {
  const object = of("newest", 0);
  return fitted({
    ...before,
    live: reduceLive(before.live, [{ type: "seen", collection: "events", object }]),
  });
}

/** The pod that the selected event is about. */
function selected(model: Model): string | undefined {
  return rowsOf(model, "events").rows[model.ui.lists.events.index]?.about.name;
}

Deno.test("the newest event is selected until somebody moves away from it", () => {
  const before = pressed(model({}, live), "3");
  assert.deepEqual([selected(before), selected(afterNews(before))], ["first", "newest"]);
  const moved = pressed(before, "j");
  assert.equal(selected(afterNews(moved)), selected(moved));
});

Deno.test("the event that the palette or the details are about stays the selected one", () => {
  const before = pressed(model({}, live), "3");
  for (const key of ["p", "enter"]) {
    const open = pressed(before, key);
    assert.equal(selected(afterNews(open)), "first", key);
    assert.equal(selected(pressed(afterNews(open), "escape")), "first", key);
  }
});

Deno.test("what is open over another list does not hold the events", () => {
  const open = pressed(model({}, live), "1", "enter");
  assert.equal(afterNews(open).ui.lists.events.index, 0);
});
