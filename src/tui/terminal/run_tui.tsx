/**
 * Shows the screen on a terminal until it is left, and gives the terminal back however that comes.
 *
 * @module
 */

import process from "node:process";
import { render, type SuspendTerminal } from "ink";
import type { LiveSession } from "../../live/live_session.ts";
import type { Paint } from "../../view/words/tone.ts";
import { App, Keyboard } from "../components/App.tsx";
import { MOUSE_OFF, MOUSE_ON, type TerminalInput, withoutMouse } from "../keys/mouse.ts";
import { Store } from "../state/store.ts";
import { changedCellsOnly } from "./changed_cells.ts";
import {
  copySequence,
  leaveKeyboard,
  MODES_OFF,
  rawTerminal,
  REDRAW,
  refreshSize,
  stopUntilContinued,
  watchTerminal,
} from "./terminal.ts";

/** How the screen is shown. */
export interface TuiOptions {
  readonly session: LiveSession;
  readonly paint: Paint;
  readonly readOnly: boolean;
  readonly mouse: boolean;
  /** Ends it. */
  readonly signal: AbortSignal;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Frames a second at most; keys are answered at once where the screen was at rest. */
const MAX_FPS = 15;

/**
 * Shows the screen; settles when the person leaves it or the signal is aborted.
 *
 * @throws what broke it, after the terminal was given back
 */
export async function runTui(options: TuiOptions): Promise<void> {
  const { session, paint, mouse, signal, now } = options;
  const { stdout } = process;
  const sizeOf = () => ({ columns: stdout.columns || 80, rows: stdout.rows || 24 });
  let suspendTerminal: SuspendTerminal | undefined;
  let isSuspended = false;
  let isOver = false;
  let leave: (error?: unknown) => void = () => {};

  const redraw = () => {
    if (isSuspended) return;
    instance.clear();
    stdout.write(REDRAW);
    instance.rerender(screen);
  };
  const lend = async <T,>(use: () => Promise<T>): Promise<T> => {
    if (suspendTerminal === undefined || isSuspended) throw new Error("the terminal is taken");
    isSuspended = true;
    const used = Promise.withResolvers<T>();
    used.promise.catch(() => {}); // told below
    try {
      await suspendTerminal(async () => {
        if (mouse) stdout.write(MOUSE_OFF);
        await use().then(used.resolve, used.reject);
        // Of sizes it had meanwhile the last one counts, and from the first frame on.
        store.resize(sizeOf());
        if (mouse && !isOver) stdout.write(MOUSE_ON);
      });
    } finally {
      isSuspended = false;
      if (!isOver) {
        process.stdin.resume();
        refreshSize();
      }
    }
    return await used.promise;
  };
  const suspend = async () => {
    if (!isSuspended) await lend(stopUntilContinued);
  };
  const store = new Store({
    session,
    size: sizeOf(),
    readOnly: options.readOnly,
    now,
    terminal: {
      quit: () => leave(),
      suspend: () => void suspend(),
      redraw,
      copy: (text) => stdout.write(copySequence(text)),
      lend: (use) =>
        lend(async () => {
          input?.stop();
          await leaveKeyboard(process.stdin);
          try {
            return await use(rawTerminal());
          } finally {
            attempt(() => stdout.write(MODES_OFF));
            if (!isOver) input?.start();
          }
        }),
    },
  });
  const input = mouse ? withoutMouse(process.stdin, (event) => store.mouse(event)) : undefined;
  const tools = { store, paint, columns: new Map() };
  const screen = (
    <>
      <Keyboard
        press={(name) => store.press(name)}
        paste={(text) => store.paste(text)}
        onReady={(suspend) => suspendTerminal = suspend}
      />
      <App tools={tools} />
    </>
  );
  // Before ink hears of it, so that its first frame in the new size is the right one.
  const resized = () => {
    if (isSuspended) return;
    instance.clear();
    stdout.write(REDRAW);
    store.resize(sizeOf());
    instance.rerender(screen);
  };
  const keepExitCode = exitCodeKeeper();
  // The alternate screen keeps the cursor's column, and ink draws from where the cursor is.
  stdout.write("\r");
  const instance = render(screen, {
    stdin: (input ?? process.stdin) as TerminalInput as typeof process.stdin,
    stdout: changedCellsOnly(stdout),
    alternateScreen: true,
    interactive: true,
    exitOnCtrlC: false,
    maxFps: MAX_FPS,
  });
  stdout.prependListener("resize", resized);
  if (mouse) stdout.write(MOUSE_ON);

  const ended = new Promise<void>((resolve, reject) => {
    leave = (error) => error === undefined ? resolve() : reject(error);
    instance.waitUntilExit().then(() => resolve(), reject);
  });
  const watch = watchTerminal({
    onGone: () => leave(),
    onBroken: (error) => leave(error ?? new Error("unknown internal error")),
    onContinued: () => {
      if (isSuspended) return;
      process.stdin.setRawMode?.(true);
      redraw();
      refreshSize();
    },
  });
  const aborted = () => leave();
  signal.addEventListener("abort", aborted, { once: true });
  if (signal.aborted) leave();
  void store.follow();
  try {
    await ended;
  } finally {
    isOver = true;
    signal.removeEventListener("abort", aborted);
    stdout.off("resize", resized);
    if (mouse) attempt(() => stdout.write(MOUSE_OFF));
    attempt(() => instance.unmount());
    watch.stop();
    input?.stop();
    process.stdin.pause();
    keepExitCode();
    await store.close();
  }
}

/**
 * Undoes what ink's exit hook (signal-exit) does to `process.emit`: at the end it would set the exit
 * code to the one Node knows, which Deno keeps apart from `Deno.exitCode`.
 */
function exitCodeKeeper(): () => void {
  const { emit } = process;
  return () => {
    process.emit = emit;
  };
}

/** Of a terminal that is gone nothing can be given back. */
function attempt(action: () => void): void {
  try {
    action();
  } catch {
    // nobody is left to tell
  }
}
