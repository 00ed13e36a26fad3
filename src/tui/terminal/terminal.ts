/**
 * The terminal as a thing that can be suspended, closed and broken.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import process from "node:process";
import type { RawTerminal } from "../../cluster/pods/pod_shell.ts";

/** To the top left corner, and everything cleared (ECMA-48 CUP, ED). */
export const REDRAW = "\u001b[H\u001b[2J";

/**
 * Ends what a program that was killed, or whose connection broke, may have left on: the alternate screen,
 * margins and keypad (DECSTR), colours, the mouse, focus and paste reports, a hidden cursor, a line that is
 * not ended.
 */
export const MODES_OFF = "\u001b[?1047l\u001b[!p\u001b[m" +
  "\u001b[?1000l\u001b[?1002l\u001b[?1003l\u001b[?1004l\u001b[?1006l\u001b[?2004l\u001b[?25h\r\n";

/** Puts a text on the clipboard of the person's own terminal, also over SSH (OSC 52). */
export function copySequence(text: string): string {
  return `\u001b]52;c;${Buffer.from(text, "utf8").toString("base64")}\u0007`;
}

/**
 * Has the keyboard left alone until somebody listens to it again: a read that is under way would take the
 * next key from whoever has the terminal then.
 */
export async function leaveKeyboard(stdin: NodeJS.ReadStream): Promise<void> {
  // That nobody listens any more is known a tick later; a pause counts only after a resume then.
  await new Promise((resolve) => setTimeout(resolve));
  stdin.resume().pause();
  await new Promise((resolve) => setTimeout(resolve));
}

/** This process' terminal, for somebody who draws on it and is given all keys. */
export function rawTerminal(): RawTerminal {
  const { stdin, stdout } = process;
  return {
    size: () => ({ columns: stdout.columns || 80, rows: stdout.rows || 24 }),
    write: (bytes) => new Promise((resolve) => stdout.write(bytes, () => resolve())),
    listen: ({ keys, resized }) => {
      // Text where somebody asked for that before.
      const take = (chunk: string | Uint8Array) => keys(Buffer.from(chunk as string));
      stdin.setRawMode?.(true);
      stdin.on("data", take).resume();
      stdout.on("resize", resized);
      return {
        [Symbol.dispose]: () => {
          stdout.off("resize", resized);
          stdin.off("data", take).pause();
          stdin.setRawMode?.(false);
        },
      };
    },
  };
}

/** How long a stop may take to be carried out, in milliseconds; it is not where no shell waits. */
const STOP_MS = 300;

/**
 * Stops this process and its group as Ctrl-Z does, until a shell continues it; returns at once where
 * there is no shell to do so.
 */
export async function stopUntilContinued(): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let continued: () => void = () => {};
  const awake = new Promise<void>((resolve) => {
    continued = resolve;
    timer = setTimeout(resolve, STOP_MS);
  });
  Deno.addSignalListener("SIGCONT", continued);
  try {
    // Of the whole group: the shell waits for what it started, which may be a launcher of this one.
    process.kill(0, "SIGTSTP");
    await awake;
  } finally {
    clearTimeout(timer);
    Deno.removeSignalListener("SIGCONT", continued);
  }
}

/**
 * Has the size of the terminal looked at: who was stopped while it changed was not told, as the signal
 * goes to what is in the foreground.
 */
export function refreshSize(): void {
  process.kill(process.pid, "SIGWINCH");
}

/** What may happen to a terminal. */
export interface TerminalEvents {
  /** It was closed: nothing can be read or written any more. */
  onGone(): void;
  /** Something threw where nobody catches it. */
  onBroken(error: unknown): void;
  /** The process was stopped by somebody else, and continued. */
  onContinued(): void;
}

/** Watches over the terminal. */
export function watchTerminal(
  { onGone, onBroken, onContinued }: TerminalEvents,
): { stop(): void } {
  const { stdin, stdout } = process;
  const gone = () => onGone();
  const rejected = (event: PromiseRejectionEvent) => {
    event.preventDefault();
    broken(event.reason);
  };
  const thrown = (event: ErrorEvent) => {
    event.preventDefault();
    broken(event.error);
  };
  const broken = (error: unknown) => isTerminalGone(error) ? onGone() : onBroken(error);
  // ink's own watch over signals would send them once more: it keeps quiet where others listen.
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  const heard = () => {};
  for (const signal of signals) process.on(signal, heard);
  stdin.on("end", gone).on("error", gone);
  stdout.on("error", gone);
  globalThis.addEventListener("unhandledrejection", rejected);
  globalThis.addEventListener("error", thrown);
  Deno.addSignalListener("SIGCONT", onContinued);
  return {
    stop() {
      for (const signal of signals) process.off(signal, heard);
      stdin.off("end", gone).off("error", gone);
      // Errors of what is still written to a closed terminal go nowhere.
      stdout.off("error", gone).on("error", heard);
      globalThis.removeEventListener("unhandledrejection", rejected);
      globalThis.removeEventListener("error", thrown);
      Deno.removeSignalListener("SIGCONT", onContinued);
    },
  };
}

/** Whether an error says that the terminal was closed. */
function isTerminalGone(error: unknown): boolean {
  return error instanceof Error &&
    (/\bEIO\b|\bEPIPE\b|\(os error (?:5|32)\)/.test(error.message) ||
      ("code" in error && (error.code === "EIO" || error.code === "EPIPE")));
}
