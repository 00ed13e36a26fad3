/**
 * The mouse as terminals report it: SGR extended coordinates (xterm control sequences, DEC private
 * modes 1000 and 1006).
 *
 * @module
 */

import { PassThrough } from "node:stream";
import { StringDecoder } from "node:string_decoder";

/** Asks the terminal to report buttons and the wheel. */
export const MOUSE_ON = "\u001b[?1000h\u001b[?1006h";

/** Gives the mouse back to the terminal. */
export const MOUSE_OFF = "\u001b[?1006l\u001b[?1000l";

/** What the mouse did; the top left cell is 0, 0. */
export interface MouseEvent {
  readonly type: "click" | "wheel-up" | "wheel-down";
  readonly x: number;
  readonly y: number;
}

// deno-lint-ignore no-control-regex
const REPORT = /\u001b\[<(\d{1,4});(\d{1,5});(\d{1,5})([Mm])/g;

// deno-lint-ignore no-control-regex
const BEGUN = /\u001b\[<[\d;]{0,17}$/;

/** Takes reports of the mouse out of what a terminal sends, wherever it is cut into pieces. */
export class MouseFilter {
  #begun = "";

  /** What is left for the keyboard, and what the mouse did. */
  push(chunk: string): { readonly keys: string; readonly events: readonly MouseEvent[] } {
    let text = this.#begun + chunk;
    const begun = BEGUN.exec(text)?.[0] ?? "";
    this.#begun = begun;
    text = text.slice(0, text.length - begun.length);
    const events: MouseEvent[] = [];
    const keys = text.replace(REPORT, (_all, button, x, y, end) => {
      const type = typeOf(Number(button), end === "M");
      if (type !== undefined) events.push({ type, x: Number(x) - 1, y: Number(y) - 1 });
      return "";
    });
    return { keys, events };
  }
}

/** Modifiers (4 Shift, 8 Meta, 16 Ctrl) make no difference. */
function typeOf(button: number, pressed: boolean): MouseEvent["type"] | undefined {
  if (!pressed) return undefined;
  switch (button & ~0b11100) {
    case 0:
      return "click";
    case 64:
      return "wheel-up";
    case 65:
      return "wheel-down";
    default:
      return undefined;
  }
}

/** A terminal to read from, as far as ink and this use it. */
export interface TerminalInput extends NodeJS.ReadableStream {
  readonly isTTY?: boolean;
  setRawMode?(on: boolean): unknown;
  ref?(): unknown;
  unref?(): unknown;
}

/** Reads a terminal, telling what the mouse does; the rest is read from what is returned. */
export function withoutMouse(
  input: TerminalInput,
  tell: (event: MouseEvent) => void,
): TerminalInput & { stop(): void; start(): void } {
  const filter = new MouseFilter();
  const decoder = new StringDecoder("utf8");
  const keyboard = new PassThrough();
  const take = (chunk: string | Uint8Array) => {
    const text = typeof chunk === "string" ? chunk : decoder.write(chunk);
    const { keys, events } = filter.push(text);
    if (keys !== "") keyboard.write(keys);
    for (const event of events) tell(event);
  };
  const start = () => void input.on("data", take).resume();
  start();
  return Object.assign(keyboard, {
    isTTY: input.isTTY === true,
    setRawMode: (on: boolean) => input.setRawMode?.(on),
    ref: () => input.ref?.(),
    unref: () => input.unref?.(),
    start,
    stop: () => {
      input.off("data", take);
      input.pause();
    },
  });
}
