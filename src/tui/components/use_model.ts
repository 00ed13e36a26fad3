/**
 * What each part of the screen is given.
 *
 * @module
 */

import { createContext, use, useSyncExternalStore } from "react";
import type { Paint } from "../../view/words/tone.ts";
import type { PaneId } from "../draw/layout.ts";
import type { Model } from "../state/model.ts";
import type { Pace } from "../state/pace.ts";

/** What does not change while the screen is open. */
export interface ScreenTools {
  readonly store: {
    readonly model: () => Model;
    readonly subscribe: (listener: () => void) => () => void;
    readonly pace: Pick<Pace, "note" | "forget">;
  };
  readonly paint: Paint;
  /** Columns stay where they are while a list keeps its width, also while it is not seen. */
  readonly columns: Map<PaneId, { readonly width: number; readonly widths: readonly number[] }>;
}

/** Gives the tools to all parts. */
export const ScreenContext = createContext<ScreenTools | undefined>(undefined);

/** The tools. */
export function useTools(): ScreenTools {
  const tools = use(ScreenContext);
  if (tools === undefined) throw new Error("a part of the screen was drawn outside of it");
  return tools;
}

/** The model, drawn anew with each change of it. */
export function useModel(): Model {
  const { store } = useTools();
  return useSyncExternalStore(store.subscribe, store.model);
}
