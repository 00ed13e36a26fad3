/**
 * What a command comes to. Pure.
 *
 * @module
 */

import type { ClusterChange } from "../../live/live_session.ts";
import type { Tone } from "../../view/words/tone.ts";
import type { Model } from "./model.ts";
import type { UiEvent } from "./ui_state.ts";

/** Something outside of the screen's own state. */
export type Effect =
  | { readonly type: "quit" | "suspend" | "redraw" | "retry" }
  | { readonly type: "provision" | "stop-provisioning" }
  | { readonly type: "copy"; readonly text: string }
  | { readonly type: "change"; readonly change: ClusterChange };

/** Steps of the screen, and what is done outside of it. */
export interface Step {
  readonly events: readonly UiEvent[];
  readonly effect?: Effect;
}

/** Steps without an effect. */
export function steps(...events: readonly UiEvent[]): Step {
  return { events };
}

/** A sentence above the footer. */
export function say({ now }: Model, text: string, tone: Tone): Step {
  return steps({ type: "say", status: { text, tone, at: now, goesOn: false } });
}
