/**
 * States on a terminal: one text that stays in its place and is redrawn where it changes.
 *
 * @module
 */

import { stripVTControlCharacters } from "node:util";
import type { LiveState } from "../../live/live_state.ts";
import { safeText } from "../../errors/safe_text.ts";
import { newMemo } from "../../view/lists/live_rows.ts";
import { showsSeconds } from "../../view/words/amounts.ts";
import { cellWidth } from "../../view/words/cells.ts";
import { statusHead, statusOf, statusText, statusWords } from "../../view/tables/status.ts";
import type { OutputStream } from "../program/context.ts";
import type { Output } from "../output/output.ts";
import type { StatusView } from "./status_watch.ts";

/** Ages in seconds change so often, in milliseconds; others may be a bit old. */
const AGES_MS = { seconds: 1_000, minutes: 15_000 };

/** A terminal that does not say how large it is. */
const SIZE = { rows: 24, columns: 80 };

/** Lines of the tables that are seen, however much there is to say below them. */
const LEAST_TABLE = 4;

/** ECMA-48 and DEC private modes (xterm ctlseqs). */
const HOME = "\u001b[H";
const CLEAR_LINE = "\u001b[K";
const CLEAR_BELOW = "\u001b[J";
const WRAP = { off: "\u001b[?7l", on: "\u001b[?7h" };

/** A line, and the rows it takes on the screen. */
interface Line {
  readonly text: string;
  readonly rows: number;
}

/** Draws states. What was on the terminal before is left above, and the last state stays below. */
export class StatusScreen implements StatusView {
  readonly paceMs = 250;
  readonly #memo = newMemo();
  #drawn: string | undefined;

  constructor(
    private readonly stream: Pick<OutputStream, "rows" | "columns">,
    private readonly output: Output,
    private readonly names: readonly string[] = [],
  ) {}

  /** The inventory is there at once; the rest fills in. */
  isReady({ inventory }: LiveState): boolean {
    return inventory !== undefined;
  }

  show(state: LiveState, now: number): Promise<number> {
    const rows = this.stream.rows() ?? SIZE.rows;
    const columns = this.stream.columns() ?? SIZE.columns;
    const frame = this.#frame(state, { now, rows, columns });
    if (frame !== this.#drawn) {
      const before = this.#drawn === undefined ? "\n".repeat(rows) : "";
      this.output.data(`${before}${HOME}${frame}${CLEAR_BELOW}`);
      this.#drawn = frame;
    }
    return Promise.resolve(showsSeconds(frame) ? AGES_MS.seconds : AGES_MS.minutes);
  }

  #frame(
    state: LiveState,
    { now, rows, columns }: {
      readonly now: number;
      readonly rows: number;
      readonly columns: number;
    },
  ): string {
    const { format, paint, paintWords, quiet } = this.output;
    const status = statusOf({ live: state, now, memo: this.#memo }, this.names);
    const wide = format === "wide";
    const text = statusText(status, { wide, paint }).trimEnd();
    // What follows the last table are sentences.
    const [, tables = text, sentences = ""] = /^([^]*)\n\n([^]*)$/.exec(text) ?? [];
    const table = `${statusHead(status, { paint, cells: columns })}${tables}`.split("\n");
    // The words are part of it on a terminal, where both go to the same place.
    const { notes, warnings } = statusWords(status);
    const said = [
      ...sentences === "" ? [] : ["", ...sentences.split("\n")],
      ...notes.length + warnings.length > 0 ? [""] : [],
      ...quiet ? [] : notes.map(safeText),
      ...warnings.map((warning) => `${paintWords("warn", "Warning:")} ${safeText(warning)}`),
    ].map((text): Line => ({ text, rows: rowsOf(text, columns) }));
    const room = Math.max(1, rows - 1); // the cursor waits in the last one
    const below = upTo(said, room - Math.min(room, LEAST_TABLE, table.length));
    const left = room - below.reduce((sum, { rows }) => sum + rows, 0);
    const above = table.length <= left ? table : [
      ...table.slice(0, left - 1),
      paint("muted", `… ${table.length - left + 1} more lines; to scroll, use k3s-tool tui`),
    ];
    const ended = (lines: readonly string[]) =>
      lines.map((line) => `${line}${CLEAR_LINE}\n`).join("");
    return WRAP.off + ended(above) + WRAP.on + ended(below.map(({ text }) => text));
  }
}

/** Rows a text, painted or not, takes where it is wrapped. */
function rowsOf(text: string, columns: number): number {
  // A wide character may leave the last cell of a row empty.
  return Math.max(
    1,
    Math.ceil(cellWidth(stripVTControlCharacters(text)) / Math.max(1, columns - 1)),
  );
}

/** As many lines as there is room for. */
function upTo(lines: readonly Line[], room: number): readonly Line[] {
  let used = 0;
  return lines.filter(({ rows }) => (used += rows) <= room);
}
