/**
 * YAML text to a tree with source ranges.
 *
 * The reader is js-yaml's event stream: it gives offsets, and resolves YAML 1.1 as PyYAML, and so
 * Ansible, does. What it leaves open (where a closing bracket or a block scalar's header stands) is
 * looked up in the text between two events.
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

import {
  type Event,
  EVENT_ID,
  getScalarValue,
  parseEvents,
  SCALAR_STYLE,
  YAMLException,
} from "js-yaml";
import { hideNamed } from "../errors/secrets.ts";
import type { Problem } from "../errors/user_error.ts";
import { LineIndex } from "./line_index.ts";
import type {
  Entry,
  MapNode,
  ScalarNode,
  ScalarStyle,
  SeqNode,
  YamlDocument,
  YamlNode,
} from "./node.ts";

type Collection = Extract<Event, { type: 2 | 3 }>;
type Scalar = Extract<Event, { type: 4 }>;

/**
 * Matches white space, comments and some indicators. A comment begins the line or follows white
 * space (YAML 1.2.2, 6.6).
 */
function skipping(indicators: string): RegExp {
  return new RegExp(`(?:[\\s${indicators}]|(?<=^|\\s)#[^\\r\\n]*)*`, "y");
}

const TO_NODE = skipping(",");
const TO_INDICATOR = skipping("");
const TO_HEADER = skipping(":?-");

/** How the message about a key that stands twice ends. */
export const DUPLICATE = "appears twice in one map";

/** Reads the one document of a text; never throws, see `problems`. */
export function parseYaml(text: string, file: string): YamlDocument {
  const lines = new LineIndex(text);
  const empty = { file, text, lines, root: undefined, entangled: false };
  let events: Event[];
  try {
    events = readEvents(text, lines);
  } catch (error) {
    return { ...empty, problems: [syntaxProblem(error, { file, lines })] };
  }
  const second = events.findIndex((event, at) => at > 0 && event.type === EVENT_ID.DOCUMENT);
  if (second !== -1) {
    const problem: Problem = {
      message: "the file holds more than one YAML document",
      where: { file },
      expected: "one document, as Ansible reads only one",
    };
    return { ...empty, problems: [problem] };
  }
  if (events.length === 0) return { ...empty, problems: [] };
  const builder = new TreeBuilder(text, events, { file, lines });
  const root = builder.document();
  // A document of nothing but markers and comments has an empty scalar as its root.
  const blank = root.kind === "scalar" && root.style === "empty" && root.tag === undefined;
  const { entangled, problems } = builder;
  return { ...empty, root: blank ? undefined : root, entangled, problems };
}

function syntaxProblem(
  error: unknown,
  { file, lines }: { readonly file: string; readonly lines: LineIndex },
): Problem {
  if (!(error instanceof YAMLException)) {
    return { message: `not YAML: ${(error as Error).message}`, where: { file } };
  }
  if (error.mark === undefined) return { message: `not YAML: ${error.reason}`, where: { file } };
  let { line } = error.mark;
  const indentedByTab = (each: number) => each >= 0 && /^ *\t/.test(lines.textOf(each));
  // The reader stops behind what it could not read; a line that is indented with a tab is the cause.
  if (!indentedByTab(line) && indentedByTab(line - 1)) line--;
  const found = lines.textOf(line);
  const tab = indentedByTab(line);
  // Beyond the line's end: the reader saw a copy with more indentation.
  const column = tab ? found.indexOf("\t") : Math.min(error.mark.column, found.length);
  return {
    message: tab ? "not YAML: a tab in the indentation" : `not YAML: ${error.reason}`,
    where: { file, line: line + 1, column: column + 1 },
    ...(found.trim() === "" ? {} : { value: hideNamed(found) }),
    ...(tab ? { expected: "spaces; YAML allows no tab there" } : {}),
  };
}

/** Walks the events once, front to back. */
class TreeBuilder {
  readonly #anchors = new Map<string, YamlNode>();
  readonly problems: Problem[] = [];
  entangled = false;
  /** The next event. */
  #at = 1;
  /** Where the last node ended; everything before is done with. */
  #done = 0;

  constructor(
    readonly text: string,
    readonly events: readonly Event[],
    readonly source: { readonly file: string; readonly lines: LineIndex },
  ) {}

  document(): YamlNode {
    return this.#node();
  }

  #node(): YamlNode {
    const event = this.events[this.#at++]!;
    switch (event.type) {
      case EVENT_ID.ALIAS: {
        this.entangled = true;
        const name = this.text.slice(event.anchorStart, event.anchorEnd);
        return this.#finish({
          kind: "alias",
          name,
          target: this.#anchors.get(name),
          start: event.anchorStart - 1,
          end: event.anchorEnd,
        });
      }
      case EVENT_ID.SCALAR:
        return this.#finish(this.#scalar(event));
      case EVENT_ID.MAPPING:
        return this.#finish(this.#map(event));
      case EVENT_ID.SEQUENCE:
        return this.#finish(this.#seq(event));
      default:
        throw new Error(`unexpected YAML event ${event.type}`);
    }
  }

  #finish(node: YamlNode): YamlNode {
    this.#done = node.end;
    if (node.anchor !== undefined) {
      this.#anchors.set(node.anchor, node);
      this.entangled = true;
    }
    return node;
  }

  #scalar(event: Scalar): ScalarNode {
    const text = getScalarValue(this.text, event);
    const { valueStart, valueEnd } = event;
    const behind = Math.max(this.#done, event.anchorEnd, event.tagEnd);
    const node = (style: ScalarStyle, start: number, end: number): ScalarNode =>
      this.#withProperties(event, { kind: "scalar", style, text, start, end });
    if (valueStart === -1) {
      const at = hasProperties(event) ? behind : this.#valuePosition();
      return node("empty", at, at);
    }
    switch (event.style) {
      case SCALAR_STYLE.SINGLE_QUOTED:
        return node("single", valueStart - 1, valueEnd + 1);
      case SCALAR_STYLE.DOUBLE_QUOTED:
        return node("double", valueStart - 1, valueEnd + 1);
      case SCALAR_STYLE.PLAIN:
        return node("plain", valueStart, valueEnd);
      default: {
        const header = this.#skip(behind, TO_HEADER);
        return node("block", header, this.#blockScalarEnd(event, header));
      }
    }
  }

  /** A block scalar ends with its last line; blank lines count only where `+` keeps them. */
  #blockScalarEnd(event: Scalar, header: number): number {
    const { lines } = this.source;
    const keeps = /^.\d?\+/.test(this.text.slice(header, header + 3));
    this.entangled ||= keeps;
    const body = this.text.slice(event.valueStart, event.valueEnd);
    const kept = keeps ? body.replace(/(?:\r\n|\n|\r)$/, "") : body.trimEnd();
    if (kept === "") return lines.endOf(lines.lineAt(header));
    return event.valueStart + kept.length;
  }

  #map(event: Collection): MapNode {
    const flow = event.style === 2;
    // `[a: b]` holds a map that has no braces of its own.
    const braces = this.text[event.start] === "{";
    this.#done = flow && braces ? event.start + 1 : event.start;
    const entries: Entry[] = [];
    const seen = new Set<string>();
    while (this.events[this.#at]!.type !== EVENT_ID.POP) {
      const from = this.#done;
      const key = this.#node();
      const explicit = this.#isExplicit(from, key);
      entries.push({ key, value: this.#node(), explicit });
      if (key.kind === "scalar") this.#checkDuplicate(key, seen);
      this.entangled ||= key.kind !== "scalar" || key.text === "<<";
    }
    this.#at++;
    return this.#withProperties(event, {
      kind: "map",
      flow,
      entries,
      contentStart: event.start,
      start: event.start,
      end: this.#collectionEnd(flow && braces),
    });
  }

  /** Whether a key is written as `? key`; `from` is where the entry before ended. */
  #isExplicit(from: number, key: YamlNode): boolean {
    if (!this.text.slice(from, key.start).includes("?")) return false;
    const first = this.#skip(from, TO_NODE);
    return this.text[first] === "?" && /\s/.test(this.text[first + 1] ?? "");
  }

  #seq(event: Collection): SeqNode {
    const flow = event.style === 2;
    this.#done = flow ? event.start + 1 : event.start;
    const items: YamlNode[] = [];
    while (this.events[this.#at]!.type !== EVENT_ID.POP) items.push(this.#node());
    this.#at++;
    return this.#withProperties(event, {
      kind: "seq",
      flow,
      items,
      contentStart: event.start,
      start: event.start,
      end: this.#collectionEnd(flow),
    });
  }

  #checkDuplicate(key: ScalarNode, seen: Set<string>): void {
    if (seen.has(key.text)) {
      this.problems.push({
        message: `the key ${key.text} ${DUPLICATE}`,
        where: this.source.lines.place(this.source.file, key.start),
        value: key.text,
        expected: "each key once; Ansible would silently take the last",
      });
    }
    seen.add(key.text);
  }

  #collectionEnd(bracketed: boolean): number {
    return bracketed ? this.#skip(this.#done, TO_NODE) + 1 : this.#done;
  }

  /** Where a value would stand that is not there: behind the colon or dash, else behind the key. */
  #valuePosition(): number {
    const indicator = this.#skip(this.#done, TO_INDICATOR);
    return /[:?-]/.test(this.text[indicator] ?? "") ? indicator + 1 : this.#done;
  }

  /** The first offset that a pattern of {@linkcode skipping} stops at. */
  #skip(from: number, pattern: RegExp): number {
    pattern.lastIndex = from;
    pattern.test(this.text);
    return pattern.lastIndex;
  }

  /** A node with its anchor and tag, with which it begins. */
  #withProperties<N extends YamlNode>(event: Scalar | Collection, node: N): N {
    if (!hasProperties(event)) return node;
    const { anchorStart, anchorEnd, tagStart, tagEnd } = event;
    const starts = [anchorStart - 1, tagStart].filter((start) => start >= 0);
    return {
      ...node,
      start: Math.min(node.start, ...starts),
      ...(anchorStart === -1 ? {} : { anchor: this.text.slice(anchorStart, anchorEnd) }),
      ...(tagStart === -1 ? {} : { tag: this.text.slice(tagStart, tagEnd) }),
    };
  }
}

function hasProperties({ anchorStart, tagStart }: Scalar | Collection): boolean {
  return anchorStart !== -1 || tagStart !== -1;
}

/** Nesting js-yaml accepts; Ansible inventories need about ten. */
const MAX_DEPTH = 100;
/** Deeper than any line around it. */
const PADDING = " ".repeat(200);
/** Lines that are not closing brackets are found one by one. */
const MAX_RETRIES = 100;
const CLOSING_LINE = /^[ \t]*[\]}][\]},\s]*(?:#.*)?$/;

/** The events of all documents in a text. @throws {YAMLException} */
function readEvents(text: string, lines: LineIndex): Event[] {
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
