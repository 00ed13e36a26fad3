/**
 * Tones as the 16 ANSI colours, which each person's terminal theme keeps readable.
 *
 * @module
 */

import { noPaint, type Paint, type Tone } from "../../view/words/tone.ts";

/**
 * Codes that begin and end each tone (ECMA-48, Select Graphic Rendition). Written out, because the first
 * module of Node's costs Deno a third of an empty program's start, and `styleText` is in one.
 */
const CODES: Record<Exclude<Tone, "plain">, readonly [begin: number, end: number]> = {
  good: [32, 39],
  warn: [33, 39],
  bad: [31, 39],
  muted: [2, 22],
  accent: [36, 39],
};

/** Paints for a stream; the identity where colour is off. */
export function paintFor({ color }: { readonly color: boolean }): Paint {
  if (!color) return noPaint;
  return (tone, text) => {
    if (tone === "plain" || text === "") return text;
    const [begin, end] = CODES[tone];
    return `\u001b[${begin}m${text}\u001b[${end}m`;
  };
}

/**
 * Whether a stream gets colour: a terminal, and the person did not say no
 * (`--no-color`, `NO_COLOR` of no-color.org, `TERM=dumb`).
 */
export function wantsColor(
  { isTerminal, flag, env }: {
    readonly isTerminal: boolean;
    readonly flag: boolean;
    readonly env: (name: string) => string | undefined;
  },
): boolean {
  return isTerminal && flag && env("NO_COLOR") === undefined && env("TERM") !== "dumb";
}
