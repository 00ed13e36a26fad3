/**
 * Where on the terminal what is drawn. Pure.
 *
 * @module
 */

/** The lists of the first screen, in the order of their numbers. */
export const PANES = ["nodes", "workloads", "events"] as const;

/** One of {@linkcode PANES}. */
export type PaneId = typeof PANES[number];

/** A part of the terminal, in cells; the top left corner is 0, 0. */
export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A terminal. */
export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** Below this nothing sensible can be shown. */
export const LEAST_SIZE: Size = { columns: 50, rows: 12 };

/** From this width on workloads and events stand side by side. */
const WIDE = 160;

/** Lines of a list that are no rows: its title and the names of its columns. */
export const LIST_HEAD = 2;

/** Cells in front of a row, for the mark of what is selected. */
export const MARGIN = 2;

/** Cells between two lists side by side. */
const GAP = 2;

/** The fewest rows a list gets that has not the focus. */
const FEWEST_ROWS = 2;

/** The fewest rows of all lists together: below it the list with the focus has hardly one. */
const FEWEST_ROWS_OF_ALL = 6;

/** Share of the height that nodes may take at most while they have not the focus. */
const NODES_SHARE = { stacked: 0.45, wide: 0.4 };

/** Where everything is. */
export interface Layout {
  readonly tooSmall: boolean;
  readonly header: Rectangle;
  /** Between header and footer: lists, or another screen. */
  readonly body: Rectangle;
  /** The lists that are shown. */
  readonly panes: ReadonlyMap<PaneId, Rectangle>;
  /** What a change came to; no height while there is nothing to say. */
  readonly status: Rectangle;
  readonly footer: Rectangle;
}

/** What the places depend on. */
export interface LayoutRequest {
  readonly size: Size;
  readonly focus: PaneId;
  /** The focused list takes all of the body. */
  readonly zoomed: boolean;
  /** Lines of what is said above the footer. */
  readonly status: number;
  /** Rows of the list of nodes: a few nodes need no half of the screen. */
  readonly nodes: number;
  /** Lines of the header. */
  readonly header: number;
}

/** Places everything on a terminal. */
export function layOut(request: LayoutRequest): Layout {
  const { size: { columns, rows }, header } = request;
  const footer = { x: 0, y: rows - 1, width: columns, height: 1 };
  const status = { ...footer, y: footer.y - request.status, height: request.status };
  const body = { x: 0, y: header, width: columns, height: Math.max(0, status.y - header) };
  const tooSmall = columns < LEAST_SIZE.columns || rows < LEAST_SIZE.rows;
  return {
    tooSmall,
    header: { x: 0, y: 0, width: columns, height: header },
    body,
    panes: tooSmall ? new Map() : panesIn(body, request),
    status,
    footer,
  };
}

function panesIn(
  body: Rectangle,
  { focus, zoomed, nodes }: LayoutRequest,
): ReadonlyMap<PaneId, Rectangle> {
  const stacked = body.width >= WIDE ? 2 : 3;
  // Where the others would leave it hardly a row, the list with the focus is shown alone.
  if (zoomed || body.height < stacked * LIST_HEAD + FEWEST_ROWS_OF_ALL) {
    return new Map([[focus, body]]);
  }
  const top = nodesHeight(body, focus, nodes);
  const rest = { ...body, y: body.y + top, height: body.height - top };
  const nodesPane = { ...body, height: top };
  if (body.width >= WIDE) {
    // Messages of events are sentences; they need the room more than names do.
    const left = Math.floor((body.width - GAP) / 2);
    return new Map<PaneId, Rectangle>([
      ["nodes", nodesPane],
      ["workloads", { ...rest, width: left }],
      ["events", { ...rest, x: left + GAP, width: body.width - left - GAP }],
    ]);
  }
  const wished = focus === "events" ? Math.floor(rest.height * 0.4) : Math.ceil(rest.height * 0.62);
  const upper = Math.max(LIST_HEAD + FEWEST_ROWS, wished);
  const events = Math.max(rest.height - upper, Math.min(LIST_HEAD + 1, rest.height));
  return new Map<PaneId, Rectangle>([
    ["nodes", nodesPane],
    ["workloads", { ...rest, height: rest.height - events }],
    ["events", { ...rest, y: rest.y + rest.height - events, height: events }],
  ]);
}

/** Lines for the nodes: what they need, within what the others can spare. */
function nodesHeight(body: Rectangle, focus: PaneId, nodes: number): number {
  const wide = body.width >= WIDE;
  const others = wide ? LIST_HEAD + FEWEST_ROWS + 1 : 2 * LIST_HEAD + FEWEST_ROWS + 1;
  const share = focus === "nodes" ? 0.6 : wide ? NODES_SHARE.wide : NODES_SHARE.stacked;
  const tight = focus !== "nodes" && body.height < 30;
  // Of few lines most are for the list with the focus.
  const few = Math.max(1, Math.min(3, Math.floor((body.height - 10) / 2)));
  const most = Math.min(
    body.height - others,
    tight ? LIST_HEAD + few : Math.max(LIST_HEAD + FEWEST_ROWS, Math.floor(body.height * share)),
  );
  // One row stands free, so that a node that joins moves nothing else.
  return Math.max(LIST_HEAD + 1, Math.min(most, LIST_HEAD + Math.max(3, nodes + 1)));
}

/** What is under a cell of the terminal. */
export function paneAt(
  { panes }: Layout,
  { x, y }: { readonly x: number; readonly y: number },
): PaneId | undefined {
  return panes.entries().find(([, at]) =>
    x >= at.x && x < at.x + at.width && y >= at.y && y < at.y + at.height
  )?.[0];
}
