/**
 * Parser events of a YAML text, in its own offsets.
 *
 * js-yaml holds to the letter of YAML 1.2 where it wants lines inside brackets indented deeper than
 * what is around them. PyYAML, and so Ansible, does not care, and people write
 *
 *     vars: {
 *       a: 1
 *     }
 *
 * Such lines are read from a copy in which they are indented further.
 *
 * @module
 */

import { type Event, EVENT_ID, parseEvents, YAMLException } from "js-yaml";
import type { LineIndex } from "./line_index.ts";

/** Nesting js-yaml accepts; Ansible inventories need about ten. */
const MAX_DEPTH = 100;
/** Deeper than any line around it. */
const PADDING = " ".repeat(200);
/** Lines that are not closing brackets are found one by one. */
const MAX_RETRIES = 100;
const CLOSING_LINE = /^[ \t]*[\]}][\]},\s]*(?:#.*)?$/;

/** The events of all documents in a text. @throws {YAMLException} */
export function readEvents(text: string, lines: LineIndex): Event[] {
  try {
    return parseEvents(text, { maxDepth: MAX_DEPTH });
  } catch (error) {
    if (deficientLine(error) === undefined) throw error;
    return readPadded(text, { lines, first: error as YAMLException });
  }
}

/** The line, from 0, that js-yaml wants indented further; undefined for any other error. */
function deficientLine(error: unknown): number | undefined {
  const known = error instanceof YAMLException && error.reason === "deficient indentation";
  return known ? error.mark?.line : undefined;
}

function readPadded(
  text: string,
  { lines, first }: { readonly lines: LineIndex; readonly first: YAMLException },
): Event[] {
  const padded = new Set<number>();
  for (let line = 0; line < lines.count; line++) {
    if (CLOSING_LINE.test(lines.textOf(line))) padded.add(line);
  }
  for (let attempt = 0; attempt < MAX_RETRIES; attempt++) {
    const starts = [...padded].sort((a, b) => a - b).map((line) => lines.startOf(line));
    try {
      const events = parseEvents(pad(text, starts), { maxDepth: MAX_DEPTH });
      return events.map((event) => moved(event, starts));
    } catch (error) {
      const line = deficientLine(error);
      // Another error is the one that counts: its line is the same, its column may be shifted.
      if (line === undefined) throw error;
      if (padded.has(line)) break;
      padded.add(line);
    }
  }
  throw first;
}

function pad(text: string, starts: readonly number[]): string {
  let result = "";
  let done = 0;
  for (const start of starts) {
    result += text.slice(done, start) + PADDING;
    done = start;
  }
  return result + text.slice(done);
}

/** An event with its offsets as they are in the text before padding. */
function moved(event: Event, starts: readonly number[]): Event {
  if (event.type === EVENT_ID.DOCUMENT || event.type === EVENT_ID.POP) return event;
  const back = (offset: number) => {
    if (offset === -1) return -1;
    let shift = 0;
    for (let low = 0, high = starts.length; low < high;) {
      const middle = (low + high) >> 1;
      if (starts[middle]! + middle * PADDING.length < offset) {
        low = middle + 1;
        shift = Math.min(low * PADDING.length, offset - starts[middle]!);
      } else {
        high = middle;
      }
    }
    return offset - shift;
  };
  const offsets = Object.entries(event).map(([name, value]) =>
    /(?:start|Start|End)$/.test(name) ? [name, back(value as number)] : [name, value]
  );
  return Object.fromEntries(offsets) as Event;
}
