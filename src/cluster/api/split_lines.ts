/**
 * Lines of an answer that goes on.
 *
 * @module
 */

import { LineSplitter } from "../../process/line_splitter.ts";

/** A line may be as long as this, in characters: an object of the API is at most 3 MiB. */
const LONGEST_LINE = 16 * 1024 * 1024;

/**
 * The lines of a stream, without their line breaks, as they come; the last one need not be ended.
 *
 * @throws {RangeError} for a line without an end
 */
export async function* splitLines(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const splitter = new LineSplitter();
  for await (const bytes of body) {
    yield* splitter.push(bytes);
    if (splitter.rest.length > LONGEST_LINE) {
      throw new RangeError("a line of the answer does not end");
    }
  }
  if (splitter.rest !== "") yield splitter.rest;
}
