/**
 * Lines of a text by offset.
 *
 * @module
 */

import type { Place } from "../errors/user_error.ts";

/** Finds lines and columns; made once for a text. */
export class LineIndex {
  readonly #text: string;
  readonly #starts: number[] = [0];
  /** Found last: who reads from front to back asks for it again, or for the next. */
  #last = 0;

  constructor(text: string) {
    this.#text = text;
    for (const breaks = /\r\n?|\n/g; breaks.test(text);) this.#starts.push(breaks.lastIndex);
  }

  /** The line an offset lies in, from 0. */
  lineAt(offset: number): number {
    return this.#last = this.#isIn(this.#last, offset)
      ? this.#last
      : this.#isIn(this.#last + 1, offset)
      ? this.#last + 1
      : this.#search(offset);
  }

  #isIn(line: number, offset: number): boolean {
    return this.#starts[line]! <= offset && offset < (this.#starts[line + 1] ?? Infinity);
  }

  #search(offset: number): number {
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#starts[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** Number of lines; a last one that is empty counts. */
  get count(): number {
    return this.#starts.length;
  }

  /** Where a line begins; the text's length behind the last line. */
  startOf(line: number): number {
    return this.#starts[line] ?? this.#text.length;
  }

  /** Where a line's content ends, its line break left out. */
  endOf(line: number): number {
    let end = this.startOf(line + 1);
    if (line + 1 < this.#starts.length) {
      if (this.#text[end - 1] === "\n") end--;
      if (this.#text[end - 1] === "\r") end--;
    }
    return end;
  }

  /** A line without its line break. */
  textOf(line: number): string {
    return this.#text.slice(this.startOf(line), this.endOf(line));
  }

  /** Cells between the line's start and an offset. */
  columnOf(offset: number): number {
    const start = this.startOf(this.lineAt(offset));
    // A byte order mark stands before the first column.
    return offset - start - (start === 0 && this.#text.charCodeAt(0) === 0xfeff ? 1 : 0);
  }

  /** An offset as a place a person can go to; lines and columns from 1. */
  place(file: string, offset: number): Place {
    return { file, line: this.lineAt(offset) + 1, column: this.columnOf(offset) + 1 };
  }
}
