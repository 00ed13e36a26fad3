/**
 * Writes of a frame only the cells that have changed. Ink writes whole frames, or whole ends of lines,
 * and an age at the beginning of each of forty lines changes every second.
 *
 * @module
 */

import type process from "node:process";
import { withoutColour } from "../draw/text_line.ts";
import { cellWidth } from "../../view/words/cells.ts";

type Output = typeof process.stdout;

/** How ink goes back to where its last frame began: lines erased, the cursor moved (ECMA-48). */
// deno-lint-ignore no-control-regex
const BACK = /^(?:\u001b\[(?:2K|\d*A|G|H|\d?J))*/;

/** Everything cleared, from the top left corner. */
const CLEAR = "\u001b[H\u001b[J";

/** The terminal as ink is given it: it writes frames, and of each only what is new gets through. */
export function changedCellsOnly(output: Output): Output {
  const cells = new ChangedCells();
  return new Proxy(output, {
    get(target, member) {
      if (member === "write") {
        return (data: string, ...rest: []) => target.write(cells.written(data), ...rest);
      }
      const value: unknown = Reflect.get(target, member);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** What stands on the terminal. */
export class ChangedCells {
  #shown: readonly string[] = [];

  /** What to write in place of what ink writes: a frame, nothing but the way back, or a mode. */
  written(data: string): string {
    // deno-lint-ignore no-control-regex
    if (data === "" || /^\u001b\[\?/.test(data)) return data;
    const frame = data.replace(BACK, "");
    const before = this.#shown;
    this.#shown = frame === "" ? [] : frame.split("\n");
    if (before.length !== this.#shown.length) return CLEAR + this.#shown.join("\r\n");
    return this.#shown.map((line, row) => changed(before[row]!, line, row + 1)).join("");
  }
}

/** Cells that look the same however the terminal measures them, without what changes colours. */
const PLAIN = /^[ -~\u2500-\u259f]*$/;

function changed(before: string, after: string, row: number): string {
  if (before === after) return "";
  let [start, end] = [0, 0];
  while (before[start] === after[start]) start++;
  const most = Math.min(before.length, after.length) - start;
  while (end < most && before.at(-1 - end) === after.at(-1 - end)) end++;
  const [old, text] = [before, after].map((line) => line.slice(start, line.length - end));
  const head = after.slice(0, start);
  // deno-lint-ignore no-control-regex
  const inColours = /\u001b[^m]*$/.test(head);
  const isSafe = old!.length === text!.length && PLAIN.test(old!) && PLAIN.test(text!) &&
    !inColours && !/^\p{M}|^\u200d/u.test(after.slice(start + text!.length));
  if (!isSafe) return `\u001b[${row};1H\u001b[K${after}`;
  // deno-lint-ignore no-control-regex
  const colours = head.match(/\u001b\[[\d;]*m/g)?.join("") ?? "";
  const reset = colours === "" ? "" : "\u001b[m";
  const column = cellWidth(withoutColour(head)) + 1;
  return `\u001b[${row};${column}H${colours}${text}${reset}`;
}
