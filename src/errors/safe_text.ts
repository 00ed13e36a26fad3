/**
 * Text from outside (peers, clusters, files, other programs) made harmless for a terminal.
 *
 * @module
 */

// C0 and C1 controls, and the bidirectional and zero-width controls that reorder or hide what
// follows them (Unicode Standard Annex #9; CVE-2021-42574).
// deno-lint-ignore no-control-regex
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;
// CSI, OSC, DCS and two-byte escape sequences (ECMA-48), removed whole so that no tail stays behind.
const SEQUENCES =
  // deno-lint-ignore no-control-regex
  /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]|(?:\u001b[\]PX^_]|[\u009d\u0090\u0098\u009e\u009f])[^\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c)?|\u001b[ -/]*[0-~]/g;

// The same in JSON, which escapes C0 itself and has line breaks between its parts.
const STEERING = /[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/;

/** What most text is: nothing is to be taken out of it, and each character is one cell wide. */
export function isPrintableAscii(text: string): boolean {
  return /^[ -~]*$/.test(text);
}

/** One line of harmless text: no escape sequence, control or direction override survives. */
export function safeText(text: string): string {
  if (isPrintableAscii(text)) return text;
  return text.replace(SEQUENCES, "").replace(/[\t\r\n]+/g, " ").replace(CONTROLS, "");
}

/** Like {@linkcode safeText}, but line breaks stay and tabs become spaces. */
export function safeLines(text: string): string {
  return text.split(/\r\n|\n|\r/).map((line) => safeText(line)).join("\n");
}

/** The last line of what a program said, harmless; programs end with what stopped them. */
export function lastLine(text: string): string {
  return safeText(text.trim().split("\n").at(-1)!.trim());
}

/** True for text with characters that JSON leaves as they are and a terminal obeys. */
export function steersTerminal(text: string): boolean {
  return STEERING.test(text);
}

/** JSON, or YAML that has such text in double quotes only: its escapes mean the same characters. */
export function escapeControls(json: string): string {
  if (!steersTerminal(json)) return json;
  return json.replace(
    new RegExp(STEERING, "g"),
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** `1 change`, `2 changes`, `2 built directories`; `many` where no rule makes it of `one`. */
export function counted(count: number, one: string, many = manyOf(one)): string {
  return `${count} ${plural(count, one, many)}`;
}

/** The word alone, where the number is not said before it: `is` or `are`. */
export function plural(count: number, one: string, many = manyOf(one)): string {
  return count === 1 ? one : many;
}

function manyOf(one: string): string {
  return one.endsWith("y") ? `${one.slice(0, -1)}ies` : `${one}s`;
}
