import { type ReactNode, useEffect } from "react";
import type { Rectangle } from "../draw/layout.ts";
import { drawScreen } from "../draw/screen_drawing.ts";
import type { Screen } from "../state/screens.ts";
import { Lines } from "./Lines.tsx";
import { useModel, useTools } from "./use_model.ts";

/** Details, a log, YAML, requests or a run: a text under a title. */
export function TextScreen(
  { screen, place }: { readonly screen: Screen; readonly place: Rectangle },
): ReactNode {
  const model = useModel();
  const { paint, store } = useTools();
  const lines = drawScreen(model, { screen, place, paint });
  // A log's own lines are no ages of ours.
  if (screen.kind !== "log" && screen.kind !== "yaml") store.pace.note("screen", lines);
  useEffect(() => () => store.pace.forget("screen"), [store]);
  return <Lines lines={lines} />;
}
