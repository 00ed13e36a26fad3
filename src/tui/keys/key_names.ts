/**
 * Keys by name, from what ink says of them. Pure.
 *
 * A name is the character itself (`j`, `G`, `/`), or one of `up`, `down`, `left`, `right`, `home`,
 * `end`, `pageup`, `pagedown`, `tab`, `shift-tab`, `enter`, `escape`, `backspace`, or `ctrl-` and a
 * letter.
 *
 * @module
 */

import type { Key } from "ink";

const NAMED: readonly (readonly [keyof Key, string])[] = [
  ["upArrow", "up"],
  ["downArrow", "down"],
  ["leftArrow", "left"],
  ["rightArrow", "right"],
  ["pageUp", "pageup"],
  ["pageDown", "pagedown"],
  ["home", "home"],
  ["end", "end"],
  ["return", "enter"],
  ["escape", "escape"],
  ["backspace", "backspace"],
  // What terminals send for Backspace, ink calls Delete on some of them.
  ["delete", "backspace"],
];

/**
 * Keys that come with Alt where Esc was pressed shortly before them: terminals send both alike, and a
 * slow line brings together what was typed apart. Nothing here is done with Alt, so it is Esc.
 */
const AFTER_ESCAPE: ReadonlySet<string> = new Set(["escape", "enter"]);

/** The keys of one event; several where they were typed faster than they were read. */
export function keyNames(input: string, key: Key): readonly string[] {
  if (key.eventType === "release") return [];
  if (key.tab && input === "") return [key.shift ? "shift-tab" : "tab"];
  const named = NAMED.find(([property]) => key[property] === true);
  if (named !== undefined) {
    return key.meta && AFTER_ESCAPE.has(named[1]) ? ["escape", named[1]] : [named[1]];
  }
  if (key.super || key.hyper) return [];
  if (key.meta) {
    const name = key.ctrl ? undefined : nameOf(input);
    return name === undefined ? [] : ["escape", name];
  }
  if (key.ctrl) return /^[a-z]$/.test(input) ? [`ctrl-${input}`] : [];
  return [...SEGMENTS.segment(input)].map(({ segment }) => nameOf(segment))
    .filter((name) => name !== undefined);
}

const SEGMENTS = new Intl.Segmenter();

/** A character of a burst; control characters are the keys that send them. */
function nameOf(segment: string): string | undefined {
  switch (segment) {
    case "\r":
    case "\n":
    case "\r\n":
      return "enter";
    case "\t":
      return "tab";
    case "\u001b":
      return "escape";
    case "\u007f":
    case "\b":
      return "backspace";
  }
  const code = segment.charCodeAt(0);
  if (code >= 1 && code <= 26) return `ctrl-${String.fromCharCode(96 + code)}`;
  return code < 32 ? undefined : segment;
}
