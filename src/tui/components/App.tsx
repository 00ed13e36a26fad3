import { Box, Text } from "ink";
import type { ReactNode } from "react";
import { LEAST_SIZE, type Rectangle } from "../draw/layout.ts";
import { layoutOf } from "../state/model.ts";
import { Boundary } from "./Boundary.tsx";
import { Footer } from "./Footer.tsx";
import { Header } from "./Header.tsx";
import { ListPane } from "./ListPane.tsx";
import { Overlay } from "./Overlay.tsx";
import { TextScreen } from "./TextScreen.tsx";
import { ScreenContext, type ScreenTools, useModel } from "./use_model.ts";

/** The screen. */
export function App({ tools }: { readonly tools: ScreenTools }): ReactNode {
  return (
    <ScreenContext value={tools}>
      <Parts />
    </ScreenContext>
  );
}

function Parts(): ReactNode {
  const model = useModel();
  const { size, ui } = model;
  const layout = layoutOf(model);
  if (layout.tooSmall) return <TooSmall columns={size.columns} rows={size.rows} />;
  const top = ui.screens.at(-1);
  return (
    // As high as the terminal and no higher: one line more would draw all of it with each frame.
    <Box width={size.columns} height={size.rows} overflow="hidden">
      <Place at={layout.header}>
        <Boundary name="header" version={model}>
          <Header />
        </Boundary>
      </Place>
      {top === undefined
        ? [...layout.panes].map(([pane, place]) => (
          <Place key={pane} at={place}>
            <Boundary name={`list of ${pane}`} version={model}>
              <ListPane pane={pane} place={place} />
            </Boundary>
          </Place>
        ))
        : (
          <Place key={top.id} at={layout.body}>
            <Boundary name={top.kind} version={model}>
              <TextScreen screen={top} place={layout.body} />
            </Boundary>
          </Place>
        )}
      <Boundary name="question" version={model}>
        <Overlay body={layout.body} />
      </Boundary>
      <Place at={{ ...layout.footer, y: layout.status.y, height: layout.status.height + 1 }}>
        <Boundary name="footer" version={model}>
          <Footer />
        </Boundary>
      </Place>
    </Box>
  );
}

function Place({ at, children }: { readonly at: Rectangle; readonly children: ReactNode }) {
  return (
    <Box
      position="absolute"
      left={at.x}
      top={at.y}
      width={at.width}
      height={at.height}
      flexDirection="column"
      overflow="hidden"
    >
      {children}
    </Box>
  );
}

function TooSmall({ columns, rows }: { readonly columns: number; readonly rows: number }) {
  const words = `The terminal has ${columns}×${rows} cells; this screen needs ` +
    `${LEAST_SIZE.columns}×${LEAST_SIZE.rows}. Make it larger, or press q.`;
  return (
    <Box width={columns} height={rows} overflow="hidden">
      <Text wrap="wrap">{words}</Text>
    </Box>
  );
}
