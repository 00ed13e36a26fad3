/**
 * Shows a run: live lines on a terminal, plain lines on a pipe, events with `-o json`.
 *
 * @module
 */

import type { RunEvent } from "../../ansible/events/event.ts";
import { INITIAL_RUN, reduceRun, type RunState } from "../../ansible/events/run_state.ts";
import { safeText } from "../../errors/safe_text.ts";
import { plainLine, progressLines } from "../../view/runs/progress.ts";
import { paintDiff, unifiedDiff } from "../../view/words/unified_diff.ts";
import { failureBlocks, RUN_COLUMNS, runError, type RunWords } from "../../view/runs/run_report.ts";
import type { Context } from "../program/context.ts";
import type { GlobalOptions } from "../program/command.ts";
import type { Output } from "./output.ts";

/** How often live lines are drawn, in milliseconds. */
const FRAME_MS = 120;

/** Where a run is shown. */
export interface Show {
  readonly context: Context;
  readonly output: Output;
  readonly globals: Pick<GlobalOptions, "quiet" | "verbose">;
}

/**
 * Shows events until there are no more, then the table and the failures.
 *
 * @returns where the run stands at its end
 * @throws {UserError} the key line of a run that did not succeed: 1, or 130 where it was interrupted
 */
export async function showRun(
  events: AsyncIterable<RunEvent>,
  words: RunWords,
  show: Show,
): Promise<RunState> {
  const state = await watchRun(events, show);
  const error = runError(state, words);
  if (error !== undefined) throw error;
  return state;
}

/**
 * Shows events until there are no more, then the table and the failures; returns where it stands.
 *
 * @param options.asData false where the command prints something else: events and table are left out then
 */
export async function watchRun(
  events: AsyncIterable<RunEvent>,
  show: Show,
  { asData = true }: { readonly asData?: boolean } = {},
): Promise<RunState> {
  const { output } = show;
  const screen = await openScreen(show);
  let state = INITIAL_RUN;
  try {
    for await (const event of events) {
      const before = state;
      state = reduceRun(state, event, show.context.clock.now());
      if (output.structured && asData) output.event("RunEvent", event);
      screen.show(before, state, event);
    }
  } finally {
    await screen.close();
  }
  await report(state, show, asData);
  return state;
}

async function report(
  state: RunState,
  { context, output }: Show,
  asData: boolean,
): Promise<void> {
  if (asData && !output.structured && state.hosts.size > 0) {
    await output.list({
      kind: "RunEvent",
      rows: [...state.hosts.values()],
      columns: RUN_COLUMNS,
      name: ({ host }) => host,
      empty: "",
    });
  }
  for (const [first = "", ...rest] of failureBlocks(state.failures, state.log)) {
    // Also with -q: it says why the run failed.
    context.stderr.write([output.paintWords("bad", `✗ ${first}`), ...rest, ""].join("\n"));
  }
}

/** Somewhere progress is shown. */
interface Screen {
  show(before: RunState, state: RunState, event: RunEvent): void;
  close(): Promise<void>;
}

async function openScreen(show: Show): Promise<Screen> {
  const { context, output, globals } = show;
  const live = context.stderr.isTerminal && !globals.quiet && !output.structured &&
    context.env("TERM") !== "dumb";
  return live ? await liveScreen(show) : plainScreen(show);
}

function plainScreen({ context, output, globals }: Show): Screen {
  return {
    show(before, _state, event) {
      say(event, output);
      if (output.structured) return;
      const line = plainLine(before, event, { verbose: globals.verbose });
      if (line !== undefined) output.note(line);
      if (!globals.quiet) context.stderr.write(diffText(event, output));
    },
    close: () => Promise.resolve(),
  };
}

/** What a task changes in files, as a patch (`--diff`); empty where there is none. */
function diffText(event: RunEvent, { paintWords }: Output): string {
  if (event.type !== "result" || event.diff === undefined) return "";
  const changes = event.diff.map(({ header, before = "", after = "" }) => ({
    shown: `${event.host}${header?.startsWith("/") ? "" : "/"}${header ?? ""}`,
    before: endLine(before),
    after: endLine(after),
  }));
  return paintDiff(unifiedDiff(changes), paintWords);
}

/** Ansible's texts come without the last line break. */
function endLine(text: string): string {
  return text === "" || text.endsWith("\n") ? text : `${text}\n`;
}

/** Says what a run has to say beside its progress. */
export function say(event: RunEvent, output: Output): void {
  if (event.type === "note") output.note(event.message);
  if (event.type === "warning") {
    output.warn(event.host ? `${event.host}: ${event.message}` : event.message);
  }
}

async function liveScreen({ context, output }: Show): Promise<Screen> {
  const { createLogUpdate } = await import("log-update");
  const { stderr, clock } = context;
  const log = createLogUpdate(
    // log-update asks a stream for these four only.
    {
      write: (text: string) => (stderr.write(text), true),
      get columns() {
        return stderr.columns() ?? 80;
      },
      get rows() {
        return stderr.rows() ?? 24;
      },
      isTTY: true,
    } as unknown as NodeJS.WritableStream,
    // To hide the cursor it would listen to signals and end the process itself, with exit code 0.
    { showCursor: true },
  );
  let state = INITIAL_RUN;
  let frame = 0;
  const draw = () => {
    const columns = stderr.columns() ?? 80;
    const lines = progressLines(state, {
      columns,
      now: clock.now(),
      frame,
      paint: output.paintWords,
    });
    if (lines.length > 0) log(lines.join("\n"));
  };
  const above = (text: string) => {
    log.clear();
    stderr.write(text + "\n");
    draw();
  };
  const closed = new AbortController();
  const ticking = tick();
  const onInterrupt = () =>
    above("Stopping ansible-playbook on all hosts (press Ctrl-C again to kill it) …");
  context.signal.addEventListener("abort", onInterrupt, { once: true });

  async function tick(): Promise<void> {
    while (!closed.signal.aborted) {
      await clock.sleep(FRAME_MS, closed.signal).catch(() => {});
      frame++;
      if (!closed.signal.aborted) draw();
    }
  }

  return {
    show(before, next, event) {
      state = next;
      if (event.type === "note" || event.type === "warning") {
        log.clear();
        say(event, output);
        draw();
      } else if (event.type === "result" && event.diff !== undefined) {
        above(diffText(event, output).trimEnd());
      } else if (event.type === "play_start" && event.play !== before.stage) {
        above(`${output.paintWords("accent", "▸")} ${safeText(event.play)}`);
      }
    },
    async close() {
      closed.abort();
      context.signal.removeEventListener("abort", onInterrupt);
      await ticking;
      log.clear();
      log.done();
    },
  };
}
