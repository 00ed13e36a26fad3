/**
 * What asks something of the person while a screen stays behind it. Pure.
 *
 * @module
 */

import type { ClusterChange } from "../../live/live_session.ts";
import type { ObjectReference } from "../../cluster/api/requests.ts";
import type { Option } from "./choices.ts";
import type { PaneId } from "../draw/layout.ts";

/** Something a person is asked to say yes to. */
export type Wish =
  | { readonly type: "change"; readonly change: ClusterChange }
  | { readonly type: "provision" }
  /** To leave while provisioning is under way. */
  | { readonly type: "quit" };

/** What lies over a screen; it gets all keys. */
export type Overlay =
  | { readonly kind: "help"; readonly offset: number }
  | { readonly kind: "filter"; readonly pane: PaneId }
  | { readonly kind: "palette"; readonly query: string; readonly index: number }
  | { readonly kind: "confirm"; readonly wish: Wish }
  /** The ports that are forwarded. */
  | { readonly kind: "forwards"; readonly index: number }
  | {
    readonly kind: "choice";
    readonly title: string;
    /** In an order that means something. */
    readonly choices: readonly Option[];
    readonly index: number;
  }
  | {
    readonly kind: "number";
    readonly workload: ObjectReference;
    readonly text: string;
    /** How many there are now; undefined where that is not known. */
    readonly current: number | undefined;
    /** Something typed last was not taken. */
    readonly refused?: boolean;
  };

/** Longest text that is taken, in characters. */
const LONGEST_TEXT = 80;

/** Digits of the greatest number of pods that is taken. */
const MOST_DIGITS = 4;

/** What is left of typed text: one line, nothing a terminal would obey. */
export function typed(before: string, text: string): string {
  // deno-lint-ignore no-control-regex
  const clean = text.replace(/[\u0000-\u001f\u007f-\u009f]/g, "");
  return `${before}${clean}`.slice(0, LONGEST_TEXT).toWellFormed();
}

/** Like {@linkcode typed}, of digits alone. */
export function typedDigits(before: string, text: string): string {
  return `${before}${text.replace(/\D/g, "")}`.slice(0, MOST_DIGITS);
}

/** The text without its last character, as a person counts characters. */
export function withoutLast(text: string): string {
  const parts = [...SEGMENTS.segment(text)];
  return parts.slice(0, -1).map(({ segment }) => segment).join("");
}

/** The text without its last word. */
export function withoutLastWord(text: string): string {
  return text.replace(/\S*\s*$/, "");
}

const SEGMENTS = new Intl.Segmenter();
