import { Box, type SuspendTerminal, Text, useApp, useInput, usePaste } from "ink";
import {
  Component,
  createContext,
  type ReactNode,
  use,
  useEffect,
  useSyncExternalStore,
} from "react";
import { keyNames } from "../keys/key_names.ts";
import { LEAST_SIZE, type PaneId, type Rectangle } from "../draw/layout.ts";
import { layoutOf, type Model, modeOf } from "../state/model.ts";
import { safeText } from "../../errors/safe_text.ts";
import { footerLine, forwardsNote } from "../draw/help_text.ts";
import { drawLine, statusLines } from "../draw/text_line.ts";
import { headerLines } from "../../view/lists/live_header.ts";
import { drawPane } from "../draw/pane_text.ts";
import { drawOverlay } from "../draw/overlay_text.ts";
import { drawScreen } from "../draw/screen_text.ts";
import type { Screen } from "../state/screens.ts";
import { inTone, type Paint } from "../../view/words/tone.ts";
import type { Pace } from "../state/pace.ts";

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

interface Props {
  /** What it holds, in a word. */
  readonly name: string;
  readonly children: ReactNode;
  /** Where this changes, it is tried again. */
  readonly version: unknown;
}

interface State {
  readonly error: Error | undefined;
  readonly version: unknown;
}

/** A part of the screen that breaks says so in its own place; the others live on. */
class Boundary extends Component<Props, State> {
  override state: State = { error: undefined, version: this.props.version };

  static getDerivedStateFromError(error: unknown): Partial<State> {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }

  static getDerivedStateFromProps({ version }: Props, state: State): Partial<State> | null {
    return version === state.version ? null : { error: undefined, version };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (error === undefined) return this.props.children;
    return (
      <Text wrap="truncate">
        {`✗ The ${this.props.name} cannot be shown: ${safeText(error.message)}`}
      </Text>
    );
  }
}

/** What a change came to, while there is something to say, and the keys. */
function Footer(): ReactNode {
  const model = useModel();
  const { paint } = useTools();
  const width = model.size.columns;
  const { status, focus } = model.ui;
  // What listens on this machine is never out of sight.
  const note = forwardsNote(model);
  const keys = footerLine({ mode: modeOf(model), pane: focus }, width - note.length);
  const last = { segments: [...keys.segments, inTone("warn", note)] };
  const lines = [...statusLines(status, width), last];
  return <Lines lines={lines.map((line) => drawLine(line, { width, paint }))} />;
}

/** Which cluster, how it stands, what is missing. */
function Header(): ReactNode {
  const model = useModel();
  const { paint, store } = useTools();
  const lines = headerLines(model, { width: model.size.columns, paint });
  store.pace.note("header", lines);
  return <Lines lines={lines} />;
}

/** One of the three lists. */
function ListPane(
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

/** Help, palette, question or number, over the end of the body. */
function Overlay({ body }: { readonly body: Rectangle }): ReactNode {
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

/** Details, a log, YAML, requests or a run: a text under a title. */
function TextScreen(
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

/**
 * Painted lines, one `<Text>` each: a line that has not changed costs nothing to lay out.
 *
 * @param props.lines each exactly as wide as its place
 */
function Lines({ lines }: { readonly lines: readonly string[] }): ReactNode {
  return lines.map((line, index) => <Text key={index} wrap="truncate">{line}</Text>);
}

/** What does not change while the screen is open. */
interface ScreenTools {
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
const ScreenContext = createContext<ScreenTools | undefined>(undefined);

/** The tools. */
function useTools(): ScreenTools {
  const tools = use(ScreenContext);
  if (tools === undefined) throw new Error("a part of the screen was drawn outside of it");
  return tools;
}

/** The model, drawn anew with each change of it. */
function useModel(): Model {
  const { store } = useTools();
  return useSyncExternalStore(store.subscribe, store.model);
}

/** Hears the keyboard; shows nothing. */
export function Keyboard({ press, paste, onReady }: {
  readonly press: (name: string) => void;
  readonly paste: (text: string) => void;
  /** Gets what hands the terminal to somebody else for a while. */
  readonly onReady: (suspend: SuspendTerminal) => void;
}): null {
  const { suspendTerminal } = useApp();
  // Without a value: React calls one when this is taken away.
  useEffect(() => void onReady(suspendTerminal), [onReady, suspendTerminal]);
  useInput((input, key) => {
    for (const name of keyNames(input, key)) press(name);
  });
  usePaste(paste);
  return null;
}
