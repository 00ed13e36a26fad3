/**
 * A screen over the lists as lines.
 *
 * @module
 */

import type { Paint, Toned } from "../../view/words/tone.ts";
import { MARGIN, type Rectangle } from "./layout.ts";
import type { Model } from "../state/model.ts";
import { dimmed, inverse } from "./paint.ts";
import { linesOf, remarkOf, TITLE_LINES, titleOf } from "./screen_text.ts";
import type { Screen } from "../state/screens.ts";
import { drawLine, EMPTY_LINE } from "./text_line.ts";
import { titleLine } from "./title.ts";

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
  const parts: Toned[] = [];
  if (remark !== "") parts.push({ text: remark, tone: "muted" });
  if (all.length > height) {
    parts.push({ text: `${offset + 1}–${last} of ${all.length}`, tone: "muted" });
  }
  const title = titleLine({
    name: titleOf(model, screen),
    count: "",
    parts,
    hasFocus: true,
    width: place.width,
    paint,
  });
  return [title, ...seen];
}
