/**
 * Lines out of pieces of bytes, as they come while a file grows.
 *
 * @module
 */

/** Gives out whole lines; what has no line break yet waits for the next piece. */
export class LineSplitter {
  readonly #decoder = new TextDecoder();
  #rest = "";

  /** The lines that this piece completes, without their line breaks. */
  push(bytes: Uint8Array): string[] {
    const lines = (this.#rest + this.#decoder.decode(bytes, { stream: true })).split("\n");
    this.#rest = lines.pop() ?? "";
    return lines;
  }

  /** What stands after the last line break. */
  get rest(): string {
    return this.#rest;
  }
}
