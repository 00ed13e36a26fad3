/**
 * What was asked of the API server, what changes came to, and what is missing.
 *
 * @module
 */

import type { ApiRequest } from "../../cluster/api/connection.ts";
import { notices } from "../../view/words/notices.ts";
import type { Toned } from "../../view/words/tone.ts";
import type { Model } from "../state/model.ts";
import { EMPTY_LINE, plain, type TextLine, toned } from "./text_line.ts";

/** The newest first. */
export function requestLines(model: Model): readonly TextLine[] {
  const missing = notices(model.live, model.now);
  return [
    ...missing.length === 0 ? [] : [
      toned("accent", "What is missing"),
      ...missing.map((text): TextLine => ({ segments: [{ text: `  ! ${text}`, tone: "warn" }] })),
      EMPTY_LINE,
    ],
    toned("accent", "Results of changes"),
    ...model.done.length === 0
      ? [toned("muted", "  Nothing was changed from here.")]
      : [...model.done].reverse().map(({ at, text, failed }): TextLine => ({
        segments: [
          { text: `  ${time(at)}  `, tone: "muted" },
          { text: `${failed ? "✗" : "✓"} ${text}`, tone: failed ? "bad" : "good" },
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
  const segments: Toned[] = [
    { text: `  ${time(at)}  `, tone: "muted" },
    resultOf(result),
    { text: `  ${ms === undefined ? "" : `${Math.round(ms)} ms`}`.padEnd(11), tone: "muted" },
    { text: `${method.padEnd(6)} ${path}`, tone: "plain" },
  ];
  return { segments };
}

function resultOf(result: ApiRequest["result"]): Toned {
  if (result === undefined) return { text: "…  ", tone: "muted" };
  const good = typeof result === "number" && result < 400;
  return { text: String(result).padEnd(3), tone: good ? "good" : "bad" };
}

/** `14:03:07`, in the person's own time zone. */
function time(at: number): string {
  const date = new Date(at);
  return [date.getHours(), date.getMinutes(), date.getSeconds()]
    .map((part) => String(part).padStart(2, "0")).join(":");
}
