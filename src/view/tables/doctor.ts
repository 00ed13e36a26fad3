/**
 * What `doctor` found, as lines.
 *
 * @module
 */

import stringWidth from "fast-string-width";
import type { Check } from "../../actions/doctor/check.ts";
import { counted, safeText } from "../../errors/safe_text.ts";
import { noPaint, type Paint, type Tone } from "../words/tone.ts";

/** Sign, word and tone of each result: colour is never alone. */
const RESULTS: Readonly<Record<Check["status"], readonly [word: string, tone: Tone]>> = {
  ok: ["✓ ok  ", "good"],
  warn: ["! warn", "warn"],
  fail: ["✗ fail", "bad"],
};

/** Cells for what was looked at, so that messages of all lines begin at the same place. */
const NAME_WIDTH = 18;

/** One check: a line, and a second one with the next step. */
export function checkLines(check: Check, paint: Paint = noPaint): readonly string[] {
  const [word, tone] = RESULTS[check.status];
  const subject = safeText(check.host === undefined ? check.name : `${check.host}: ${check.name}`);
  const padding = " ".repeat(Math.max(1, NAME_WIDTH - stringWidth(subject)));
  const line = `${paint(tone, word)}  ${subject}${padding}${safeText(check.message)}`;
  if (check.hint === undefined) return [line];
  return [line, `${" ".repeat(8 + NAME_WIDTH)}${paint("accent", "→")} ${safeText(check.hint)}`];
}

/** The sentence at the end. */
export function doctorSummary(checks: readonly Check[]): string {
  const count = (status: Check["status"]) =>
    checks.filter((check) => check.status === status).length;
  const [fails, warns] = [count("fail"), count("warn")];
  if (fails + warns === 0) return "Everything is in order.";
  const parts = [
    ...(fails === 0 ? [] : [counted(fails, "thing fails", "things fail")]),
    ...(warns === 0 ? [] : [counted(warns, "warning")]),
  ];
  return `${parts.join(", ")}: see the arrows.`;
}
