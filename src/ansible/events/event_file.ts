/**
 * Reads the event file of a run, while it is being written or afterwards.
 *
 * @module
 */

import type { Clock } from "../../process/system.ts";
import { type AnsibleEvent, parseEventLine } from "./event.ts";
import { ifThere } from "../../process/small_file.ts";
import { LineSplitter } from "../../process/line_splitter.ts";

/**
 * How often the file is looked at, in milliseconds. Looking costs some microseconds; file
 * notifications are not there on every file system and are limited in number on Linux.
 */
const POLL_MS = 50;

/**
 * The events of a file, from its beginning or a byte of it, until its writer has ended and all is read.
 *
 * @param ended settles, in whatever way, when nothing more is written
 */
export async function* followEvents(
  path: string,
  { ended, clock, from = 0 }: {
    readonly ended: Promise<unknown>;
    readonly clock: Clock;
    readonly from?: number;
  },
): AsyncGenerator<AnsibleEvent> {
  const lines = new LineSplitter();
  const buffer = new Uint8Array(64 * 1024);
  let over = false;
  const end = ended.then(() => over = true, () => over = true);
  using file = await Deno.open(path);
  await file.seek(from, Deno.SeekMode.Start);
  while (true) {
    // Asked before reading: what was written before the end is still read after it.
    const last = over;
    for (let size = await file.read(buffer); size !== null; size = await file.read(buffer)) {
      yield* parsed(lines.push(buffer.subarray(0, size)));
    }
    if (last) break;
    await waitFor(clock, end);
  }
  yield* parsed([lines.rest]);
}

/** The events of a file that nobody writes any more; none where it is gone. */
export async function readEvents(path: string): Promise<readonly AnsibleEvent[]> {
  const text = await ifThere(Deno.readTextFile(path)) ?? "";
  return [...parsed(text.split("\n"))];
}

function* parsed(lines: readonly string[]): Generator<AnsibleEvent> {
  for (const line of lines) {
    const event = line.trim() === "" ? undefined : parseEventLine(line);
    if (event !== undefined) yield event;
  }
}

async function waitFor(clock: Clock, end: Promise<unknown>): Promise<void> {
  const tick = new AbortController();
  const pause = clock.sleep(POLL_MS, tick.signal).catch(() => {});
  await Promise.race([pause, end]);
  tick.abort();
}
