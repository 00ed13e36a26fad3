import type { ReactNode } from "react";
import { headerLines } from "../../view/lists/live_header.ts";
import { Lines } from "./Lines.tsx";
import { useModel, useTools } from "./use_model.ts";

/** Which cluster, how it stands, what is missing. */
export function Header(): ReactNode {
  const { live, now, size } = useModel();
  const { paint, store } = useTools();
  const lines = headerLines(live, { now, width: size.columns, paint });
  store.pace.note("header", lines);
  return <Lines lines={lines} />;
}
