import { Box } from "ink";
import type { ReactNode } from "react";
import type { Rectangle } from "../draw/layout.ts";
import { drawOverlay } from "../draw/overlay_text.ts";
import { Lines } from "./Lines.tsx";
import { useModel, useTools } from "./use_model.ts";

/** Help, palette, question or number, over the end of the body. */
export function Overlay({ body }: { readonly body: Rectangle }): ReactNode {
  const model = useModel();
  const { paint } = useTools();
  const lines = drawOverlay(model, { body, paint });
  if (lines.length === 0) return null;
  return (
    <Box
      position="absolute"
      top={body.y + body.height - lines.length}
      left={0}
      width={body.width}
      height={lines.length}
      flexDirection="column"
    >
      <Lines lines={lines} />
    </Box>
  );
}
