/**
 * The text of each screen over the lists, in lines that fit the terminal.
 *
 * @module
 */

import type { UserError } from "../../errors/user_error.ts";
import { gitopsDetails } from "../../view/details/gitops_details.ts";
import { line, type Section, section } from "../../view/details/section.ts";
import { MARGIN, type Rectangle } from "./layout.ts";
import type { Content } from "../state/content.ts";
import type { Model } from "../state/model.ts";
import { runLines, runTitle } from "./run_text.ts";
import { nameOf, type Screen } from "../state/screens.ts";
import {
  dimmed,
  drawLine,
  EMPTY_LINE,
  inverse,
  plain,
  textOfLine,
  titleLine,
  toned,
  wrapLine,
} from "./text_line.ts";
import { eventDetails, objectDetails } from "../../view/details/object.ts";
import { eventOf } from "../state/rows.ts";
import type { ApiRequest } from "../../cluster/api/request_journal.ts";
import { notices } from "../../view/words/notices.ts";
import { inTone, type Paint, type TextLine, type Toned } from "../../view/words/tone.ts";

/** Lines of a screen above its text. */
export const TITLE_LINES = 1;

/** The lines of a screen, each at most as wide as the terminal but where they are cut. */
export function linesOf(model: Model, screen: Screen): readonly TextLine[] {
  const width = widthIn(model);
  if (screen.kind === "log" || screen.kind === "yaml") {
    const lines = rawLines(model, screen);
    const wraps = screen.kind === "yaml" || screen.log.wraps;
    return wraps ? model.memo("wrapped", [lines, width], () => wrapped(model, lines)) : lines;
  }
  const { memo, live, now, contents, requests, done, run } = model;
  return memo(
    "text",
    [screen.id, live, now, width, contents, requests, done, run],
    () => rawLines(model, screen).flatMap((line) => wrapLine(line, { width, indent: 4 })),
  );
}

/** The wrapped lines of a log are kept: with each new line only that one is wrapped. */
function wrapped(model: Model, lines: readonly TextLine[]): readonly TextLine[] {
  const width = widthIn(model);
  const known = model.memo("pieces", [width], () => new WeakMap<TextLine, readonly TextLine[]>());
  return lines.flatMap((line) => {
    const pieces = known.get(line) ?? wrapLine(line, { width, indent: 2 });
    known.set(line, pieces);
    return pieces;
  });
}

function widthIn({ size }: Model): number {
  return Math.max(1, size.columns - MARGIN);
}

/** All of what a screen holds, for the clipboard; of details the line with the cursor. */
export function wholeText(model: Model, screen: Screen): string | undefined {
  if (screen.kind === "details") {
    const line = linesOf(model, screen)[screen.scroll.cursor];
    return line && textOfLine(line).trim();
  }
  return rawLines(model, screen).map(textOfLine).join("\n");
}

/** The title of a screen. */
export function titleOf(model: Model, screen: Screen): string {
  switch (screen.kind) {
    case "details":
      return screen.subject.type === "event" ? "Event" : nameOf(screen.subject.reference);
    case "yaml":
      return `${nameOf(screen.reference)} as YAML`;
    case "log": {
      const { source, previous } = screen.log;
      const container = source.container === undefined ? "" : ` ${source.container}`;
      const when = previous ? " before its last restart" : "";
      return `Log of ${source.namespace}/${source.pod}${container}${when}`;
    }
    case "gitops":
      return "GitOps: sources and Kustomizations";
    case "requests":
      return "Requests and results";
    case "run":
      return runTitle(model.run);
  }
}

/** What stands at the right of the title. */
function remarkOf(model: Model, screen: Screen): string {
  if (screen.kind !== "log") return "";
  const content = contentOf(model, screen.id, "log");
  const { log } = screen;
  const [pods, containers] = [log.pods.length, content?.containers.length ?? 0];
  const count = pods > 1 ? `${pods} pods` : containers > 1 ? `${containers} containers` : "";
  const state = content?.ended ? "ended" : log.follows ? "following" : "paused";
  return [count, log.wraps ? "" : "cut", state].filter((part) => part !== "").join(", ");
}

function rawLines(model: Model, screen: Screen): readonly TextLine[] {
  switch (screen.kind) {
    case "details": {
      const { problem, object, pods } = contentOf(model, screen.id, "details") ?? {};
      const { subject } = screen;
      const sections = subject.type === "object"
        ? objectDetails(model, subject.reference, object, pods)
        : eventSections(model, subject.key);
      return [
        ...problem === undefined ? [] : [...problemLines(problem), EMPTY_LINE],
        ...sectionLines(sections),
      ];
    }
    case "yaml": {
      const content = contentOf(model, screen.id, "yaml");
      if (content?.problem !== undefined) return problemLines(content.problem);
      return content?.lines ?? WAITING;
    }
    case "log":
      return logLines(contentOf(model, screen.id, "log"));
    case "gitops":
      return sectionLines(gitopsDetails(model));
    case "requests":
      return requestLines(model);
    case "run":
      return runLines(model, widthIn(model));
  }
}

const WAITING: readonly TextLine[] = [toned("muted", "Being read…")];
const NOTHING_PRINTED: readonly TextLine[] = [toned("muted", "Nothing was printed.")];
const NOTHING_YET: readonly TextLine[] = [toned("muted", "Nothing has been printed yet.")];

function logLines(content: Extract<Content, { kind: "log" }> | undefined): readonly TextLine[] {
  if (content === undefined) return WAITING;
  const { lines, problem, ended } = content;
  if (problem !== undefined) return [...lines ?? [], ...problemLines(problem)];
  if (lines === undefined) return WAITING;
  if (lines.length === 0) return ended ? NOTHING_PRINTED : NOTHING_YET;
  return lines;
}

/** An error as lines: what happened, then the next step. */
export function problemLines({ message, hint }: UserError): readonly TextLine[] {
  return [
    ...message.split("\n").map((line) => toned("bad", `✗ ${line}`)),
    ...hint === undefined ? [] : [plain(hint)],
  ];
}

function sectionLines(sections: readonly Section[]): readonly TextLine[] {
  return sections.flatMap(({ title, lines }, index) => [
    ...index === 0 ? [] : [EMPTY_LINE],
    toned("accent", title),
    ...lines.map((line): TextLine => ({
      ...line,
      segments: [
        inTone("plain", "  "),
        ...line.segments,
        ...line.target === undefined ? [] : [inTone("muted", " →")],
      ],
    })),
  ]);
}

function contentOf<K extends Content["kind"]>(
  { contents }: Model,
  id: number,
  kind: K,
): Extract<Content, { kind: K }> | undefined {
  const content = contents.get(id);
  return content?.kind === kind ? content as Extract<Content, { kind: K }> : undefined;
}

function eventSections(model: Model, key: string): readonly Section[] {
  const event = eventOf(model, key);
  if (event !== undefined) return eventDetails(model, event);
  return [section("Event", [line(inTone("warn", "The cluster no longer has this event."))])];
}

/** The newest first. */
function requestLines(model: Model): readonly TextLine[] {
  const missing = notices(model);
  return [
    ...missing.length === 0 ? [] : [
      toned("accent", "What is missing"),
      ...missing.map((text): TextLine => ({ segments: [inTone("warn", `  ! ${text}`)] })),
      EMPTY_LINE,
    ],
    toned("accent", "Results of changes"),
    ...model.done.length === 0
      ? [toned("muted", "  Nothing was changed from here.")]
      : [...model.done].reverse().map(({ at, text, failed }): TextLine => ({
        segments: [
          inTone("muted", `  ${time(at)}  `),
          inTone(failed ? "bad" : "good", `${failed ? "✗" : "✓"} ${text}`),
        ],
      })),
    EMPTY_LINE,
    toned("accent", `Requests to ${model.live.server ?? "the API server"}, the newest first`),
    ...model.requests.length === 0
      ? [plain("  None yet.")]
      : [...model.requests].reverse().map(requestLine),
  ];
}

function requestLine({ at, method, path, result, ms }: ApiRequest): TextLine {
  const took = ms === undefined ? "" : `${Math.round(ms)} ms`;
  return {
    segments: [
      inTone("muted", `  ${time(at)}  `),
      resultOf(result),
      inTone("muted", `  ${took}`.padEnd(11)),
      inTone("plain", `${method.padEnd(6)} ${path}`),
    ],
  };
}

function resultOf(result: ApiRequest["result"]): Toned {
  if (result === undefined) return inTone("muted", "…  ");
  const good = typeof result === "number" && result < 400;
  return inTone(good ? "good" : "bad", String(result).padEnd(3));
}

/** `14:03:07`, in the person's own time zone. */
function time(at: number): string {
  return new Date(at).toTimeString().slice(0, 8);
}

/** Draws a screen so that it fills its place exactly. */
export function drawScreen(
  model: Model,
  { screen, place, paint }: {
    readonly screen: Screen;
    readonly place: Rectangle;
    readonly paint: Paint;
  },
): readonly string[] {
  const all = linesOf(model, screen);
  const { offset, cursor } = screen.scroll;
  const height = Math.max(0, place.height - TITLE_LINES);
  const isOld = screen.kind === "details" && model.live.connection.state === "lost";
  const seen = Array.from({ length: height }, (_unused, index) => {
    const at = offset + index;
    const line = drawLine(all[at] ?? EMPTY_LINE, { width: place.width - MARGIN, paint });
    const isMarked = screen.kind === "details" && at === cursor && at < all.length;
    if (isMarked) return inverse(`› ${line}`);
    return isOld ? dimmed(`  ${line}`, paint) : `  ${line}`;
  });
  const remark = remarkOf(model, screen);
  const last = Math.min(all.length, offset + height);
  const range = all.length > height ? `${offset + 1}–${last} of ${all.length}` : "";
  const parts = [remark, range].filter((part) => part !== "").map((part) => inTone("muted", part));
  return [titleLine(titleOf(model, screen), { parts, width: place.width, paint }), ...seen];
}
