/**
 * Models of the screen, without any screen.
 *
 * @module
 */

import type { LiveState } from "../../src/live/live_state.ts";
import type { Forward } from "../../src/tui/state/forwards.ts";
import type { Model } from "../../src/tui/state/model.ts";
import { fitted, pressKey } from "../../src/tui/state/press.ts";
import { INITIAL_UI } from "../../src/tui/state/ui_state.ts";
import { newMemo } from "../../src/view/lists/live_rows.ts";
import { HOMELAB, liveState, NOW } from "../view/live_fixture.ts";

function forward(id: number, port: number): Forward {
  const object = { kind: "Service", namespace: "default", name: "web" } as const;
  return {
    id,
    address: `127.0.0.1:${port}`,
    isTaken: false,
    object,
    port,
    pod: "web-1",
    open: 0,
    connections: 0,
    received: 0,
    sent: 0,
    problem: undefined,
  };
}

/** A model of a small cluster on a terminal of 80×24. */
export function model(about: Partial<Model> = {}, live: LiveState = liveState(HOMELAB)): Model {
  return fitted({
    ui: INITIAL_UI,
    live,
    now: NOW,
    memo: newMemo(),
    size: { columns: 80, rows: 24 },
    contents: new Map(),
    requests: [],
    done: [],
    forwards: [forward(1, 8080), forward(2, 5432)],
    settings: { readOnly: false, canProvision: true },
    run: undefined,
    ...about,
  });
}

/** The model after keys; what is to be done outside of it is left out. */
export function pressed(before: Model, ...keys: readonly string[]): Model {
  return keys.reduce((model, key) => pressKey(model, key).model, before);
}
