import type { ReactNode } from "react";
import { footerLine } from "../draw/help_text.ts";
import { modeOf } from "../state/model.ts";
import { statusLines } from "../draw/status_text.ts";
import { drawLine } from "../draw/text_line.ts";
import { Lines } from "./Lines.tsx";
import { useModel, useTools } from "./use_model.ts";

/** What a change came to, while there is something to say, and the keys. */
export function Footer(): ReactNode {
  const model = useModel();
  const { paint } = useTools();
  const width = model.size.columns;
  const { status, focus } = model.ui;
  const keys = footerLine({ mode: modeOf(model), pane: focus }, width);
  const lines = [...statusLines(status, width), keys];
  return <Lines lines={lines.map((line) => drawLine(line, { width, paint }))} />;
}
