/**
 * The terminal's input without the reports of the mouse, which ink does not know.
 *
 * @module
 */

import { PassThrough } from "node:stream";
import { StringDecoder } from "node:string_decoder";
import { type MouseEvent, MouseFilter } from "./mouse.ts";

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
): TerminalInput & { stop(): void } {
  const filter = new MouseFilter();
  const decoder = new StringDecoder("utf8");
  const keyboard = new PassThrough();
  const take = (chunk: string | Uint8Array) => {
    const text = typeof chunk === "string" ? chunk : decoder.write(chunk);
    const { keys, events } = filter.push(text);
    if (keys !== "") keyboard.write(keys);
    for (const event of events) tell(event);
  };
  input.on("data", take);
  return Object.assign(keyboard, {
    isTTY: input.isTTY === true,
    setRawMode: (on: boolean) => input.setRawMode?.(on),
    ref: () => input.ref?.(),
    unref: () => input.unref?.(),
    stop: () => {
      input.off("data", take);
      input.pause();
    },
  });
}
