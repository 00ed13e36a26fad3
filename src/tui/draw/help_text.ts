/**
 * The help of a view: every key that does something in it. Pure.
 *
 * @module
 */

import { bindingsIn, keyLabel, takesText, type View } from "../keys/key_map.ts";
import type { Model } from "../state/model.ts";
import { counted } from "../../errors/safe_text.ts";
import { toned } from "./text_line.ts";
import { topKind } from "../state/ui_state.ts";
import { inTone, type TextLine } from "../../view/words/tone.ts";

/** Names of the views in the title of the help. */
const NAMES = {
  lists: "the lists",
  details: "details",
  log: "a log",
  yaml: "YAML",
  requests: "the requests",
  gitops: "GitOps",
  run: "a run",
} as const;

/** The view the help speaks of: the one behind it. */
export function helpedView(
  { ui }: Pick<Model, "ui">,
): View & { readonly mode: keyof typeof NAMES } {
  return { mode: topKind(ui), pane: ui.focus };
}

/** The title of the help. */
export function helpTitle(model: Pick<Model, "ui">): string {
  return `Keys in ${NAMES[helpedView(model).mode]}`;
}

/** A line for each row of the table that counts in the view. */
export function helpLines(model: Pick<Model, "ui">): readonly TextLine[] {
  const bindings = bindingsIn(helpedView(model));
  const labels = bindings.map(({ keys }) => keys.map(keyLabel).join(", "));
  const widest = labels.reduce((most, label) => Math.max(most, label.length), 0);
  return bindings.map(({ help }, index) => ({
    segments: [
      inTone("accent", `  ${labels[index]!.padEnd(widest)}  `),
      inTone("plain", help),
    ],
  }));
}

/** How many ports are forwarded, for the end of the footer; empty where none is. */
export function forwardsNote({ forwards }: Pick<Model, "forwards">): string {
  return forwards.length === 0 ? "" : `  ⇄ ${counted(forwards.length, "port")} forwarded`;
}

/** The footer: the keys that matter most, as many as fit. */
export function footerLine(view: View, width: number): TextLine {
  const shown = bindingsIn(view).filter(({ short }) => short !== undefined)
    .toSorted((a, b) => (a.priority ?? 0) - (b.priority ?? 0));
  const parts: { readonly key: string; readonly word: string }[] = [];
  let used = 0;
  for (const { keys, short } of shown) {
    const part = { key: keyLabel(keys[0]!), word: short! };
    const cells = part.key.length + 1 + part.word.length + (parts.length === 0 ? 0 : 2);
    if (used + cells > width) continue;
    used += cells;
    parts.push(part);
  }
  if (takesText(view.mode) && parts.length === 0) return toned("muted", "");
  return {
    segments: parts.flatMap(({ key, word }, index) => [
      inTone("accent", `${index === 0 ? "" : "  "}${key}`),
      inTone("muted", ` ${word}`),
    ]),
  };
}
