/**
 * Tones as the 16 ANSI colours, which each person's terminal theme keeps readable.
 *
 * @module
 */

import { styleText } from "node:util";
import { noPaint, type Paint } from "../view/table.ts";
import type { Tone } from "../view/tone.ts";

const STYLES: Record<Exclude<Tone, "plain">, Parameters<typeof styleText>[0]> = {
  good: "green",
  warn: "yellow",
  bad: "red",
  muted: "dim",
  accent: "cyan",
};

/** Paints for a stream; the identity where colour is off. */
export function paintFor({ color }: { readonly color: boolean }): Paint {
  if (!color) return noPaint;
  return (tone, text) =>
    tone === "plain" || text === ""
      ? text
      : styleText(STYLES[tone], text, { validateStream: false });
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
