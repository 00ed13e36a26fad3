import { type ReactNode, useEffect } from "react";
import type { PaneId, Rectangle } from "../draw/layout.ts";
import { drawPane } from "../draw/pane_text.ts";
import { Lines } from "./Lines.tsx";
import { useModel, useTools } from "./use_model.ts";

/** One of the three lists. */
export function ListPane(
  { pane, place }: { readonly pane: PaneId; readonly place: Rectangle },
): ReactNode {
  const model = useModel();
  const { paint, store, columns } = useTools();
  const { width } = place;
  const before = columns.get(pane);
  const previous = before?.width === width ? before.widths : undefined;
  const { lines, widths } = drawPane(model, { pane, place, paint, previous });
  useEffect(() => {
    columns.set(pane, { width, widths });
  });
  useEffect(() => () => store.pace.forget(pane), [pane, store]);
  store.pace.note(pane, lines);
  return <Lines lines={lines} />;
}
