/**
 * What lies over a screen, as lines for the end of the body.
 *
 * @module
 */

import { counted, safeText } from "../../errors/safe_text.ts";
import { cellWidth, fit, padding } from "../../view/words/cells.ts";
import { bytes } from "../../view/words/amounts.ts";
import { question } from "../../view/words/change_words.ts";
import { inTone, type Paint, type TextLine, type Toned } from "../../view/words/tone.ts";
import { helpLines, helpTitle } from "./help_text.ts";
import { MARGIN, type Rectangle } from "./layout.ts";
import type { Forward } from "../state/forwards.ts";
import type { Model } from "../state/model.ts";
import type { Wish } from "../state/overlays.ts";
import { drawLine, EMPTY_LINE, inverse, plain, titleLine, toned, wrapLine } from "./text_line.ts";
import { paletteEntries, type PaletteEntry } from "../state/palette.ts";
import { nameOf } from "../state/screens.ts";

/** Choices of the palette that are seen at once. */
const PALETTE_LINES = 12;

/** Which choices of the palette are seen; their lines are the last of the body. */
export function paletteWindow(
  body: Rectangle,
  index: number,
  entries: number,
): { readonly from: number; readonly height: number } {
  const height = Math.max(1, Math.min(PALETTE_LINES, body.height - 3));
  return { from: Math.max(0, Math.min(index - height + 1, entries - height)), height };
}

/** Lines of the overlay, each as wide as the terminal; none where there is no overlay. */
export function drawOverlay(
  model: Model,
  { body, paint }: { readonly body: Rectangle; readonly paint: Paint },
): readonly string[] {
  const { overlay } = model.ui;
  const width = body.width;
  const titled = (name: string, lines: readonly string[], remark = "") => [
    titleLine(name, { parts: remark === "" ? [] : [inTone("muted", remark)], width, paint }),
    ...lines.slice(0, Math.max(1, body.height - 1)),
  ];
  const inside = (line: TextLine) => drawLine(line, { width: width - MARGIN, paint });
  const draw = (line: TextLine) => `  ${inside(line)}`;
  /** Things of which one is marked, as many as are seen at once. */
  const marked = <T>(things: readonly T[], index: number, lineOf: (thing: T) => TextLine) => {
    const { from, height } = paletteWindow(body, index, things.length);
    return things.slice(from, from + height).map((thing, row) => {
      const line = inside(lineOf(thing));
      return from + row === index ? inverse(`› ${line}`) : `  ${line}`;
    });
  };
  switch (overlay?.kind) {
    case undefined:
    case "filter":
      return [];
    case "help": {
      const all = helpLines(model);
      const room = body.height - 1;
      const lines = all.slice(overlay.offset, overlay.offset + room).map(draw);
      const range = `${overlay.offset + 1}–${overlay.offset + lines.length} of ${all.length}`;
      while (lines.length < room) lines.push(draw(EMPTY_LINE));
      return titled(helpTitle(model), lines, all.length > room ? range : "");
    }
    case "palette": {
      const entries = paletteEntries(model);
      const { height } = paletteWindow(body, overlay.index, entries.length);
      const room = width - 2 * MARGIN;
      const seen = marked(entries, overlay.index, (entry) => entryLine(entry, room));
      if (entries.length === 0) seen.push(draw(toned("muted", "Nothing matches.")));
      while (seen.length < height) seen.push(draw(EMPTY_LINE));
      const hint = overlay.query === "" ? "type to find" : "";
      const prompt = [inTone("accent", `${overlay.query}▏`), inTone("muted", hint)];
      return titled("Actions", [draw({ segments: prompt }), ...seen]);
    }
    case "forwards": {
      const { forwards } = model;
      const forward = forwards[overlay.index];
      const none = "None. F on a Service or a pod forwards a port of this machine to it.";
      if (forward === undefined) return titled("Forwarded ports", [draw(toned("muted", none))]);
      const lines = marked(forwards, overlay.index, forwardLine);
      const room = width - 2 * MARGIN;
      const { segments } = forwardLine(forward);
      const isCut = cellWidth(segments.map(({ text }) => text).join("")) > room;
      // What went wrong is read to its end.
      const rest = isCut && forward.problem !== undefined
        ? wrapLine(toned("bad", `✗ ${forward.problem}`), { width: room, indent: 2 })
        : [];
      return titled("Forwarded ports", [...lines, ...rest.map(draw)]);
    }
    case "choice":
      return titled(
        overlay.title,
        marked(overlay.choices, overlay.index, ({ label }) => plain(label)),
      );
    case "number": {
      const now = overlay.current === undefined ? "" : ` It has ${overlay.current} now.`;
      return titled(`Scale ${nameOf(overlay.workload)}`, [
        draw(plain(`How many pods?${now}`)),
        draw(toned("accent", `${overlay.text}▏`)),
        ...overlay.refused === true ? [draw(toned("warn", "Enter at most four digits."))] : [],
      ]);
    }
    case "confirm": {
      const { title, lines } = wordsOfWish(model, overlay.wish);
      const all: readonly TextLine[] = [
        ...lines.map(plain),
        EMPTY_LINE,
        { segments: [...answer("y", " yes   "), ...answer("n", " no")] },
      ];
      const wrapped = all.flatMap((line) => wrapLine(line, { width: width - 2 * MARGIN }));
      // The answers stay in view, whatever there is to say.
      const room = Math.max(2, body.height - 1);
      const seen = [...wrapped.slice(0, -2).slice(0, room - 2), ...wrapped.slice(-2)];
      return titled(safeText(title), seen.map(draw));
    }
  }
}

function answer(key: string, word: string): readonly Toned[] {
  return [inTone("accent", key), inTone("plain", word)];
}

/** What it does, and at the right the key that does the same. */
function entryLine(
  { label, keys }: Pick<PaletteEntry, "label" | "keys">,
  width: number,
): TextLine {
  const room = Math.min(WIDEST_ENTRY, width) - keys.length - 1;
  const text = fit(label, Math.max(1, room));
  return {
    segments: [
      inTone("plain", `${text}${padding(cellWidth(text), room)} `),
      inTone("accent", keys),
    ],
  };
}

/** Cells of a line of the palette: a key far from its words is not seen to belong to them. */
const WIDEST_ENTRY = 76;

function forwardLine(forward: Forward): TextLine {
  const { address, object, port, pod, open, connections, received, sent, problem } = forward;
  const to = object.kind === "Pod" ? "" : ` (${safeText(pod)})`;
  const figures = `${open} of ${counted(connections, "connection")} open, ` +
    `${bytes(received)} received, ${bytes(sent)} sent`;
  return {
    segments: [
      inTone("accent", address),
      inTone("plain", ` → ${safeText(nameOf(object))} port ${port}${to}`),
      problem === undefined ? inTone("muted", `  ${figures}`) : inTone("bad", `  ✗ ${problem}`),
    ],
  };
}

function wordsOfWish(model: Model, wish: Wish) {
  switch (wish.type) {
    case "change":
      return question(wish.change, model.live);
    case "provision": {
      const { inventory } = model.live;
      const hosts = inventory?.known ? inventory.value?.hosts.map(({ name }) => name) : undefined;
      const which = hosts === undefined ? "the inventory" : counted(hosts.length, "host");
      return {
        title: `Provision ${which}?`,
        lines: [
          ...hosts === undefined ? [] : [safeText(hosts.join(", "))],
          "k3s is installed or updated on them, and only what differs is changed. You can use the " +
          "lists meanwhile.",
        ],
      };
    }
    case "quit":
      return {
        title: "Quit while provisioning is in progress?",
        lines: ["It is interrupted. Nothing is lost: k3s-tool provision continues from there."],
      };
  }
}
