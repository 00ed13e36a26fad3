/**
 * Marks that are no tones: selection, and what is out of date.
 *
 * @module
 */

// deno-lint-ignore no-control-regex
const COLOURS = /\u001b\[[\d;]*m/g;

/** A line without its colours. */
export function withoutColour(line: string): string {
  return line.replace(COLOURS, "");
}

/** The selected line: in inverse, which every theme and NO_COLOR leave readable. */
export function inverse(line: string): string {
  return `\u001b[7m${withoutColour(line)}\u001b[27m`;
}

/** A line that may be out of date: dimmed where there are colours. */
export function dimmed(line: string, paint: (tone: "muted", text: string) => string): string {
  return paint("muted", withoutColour(line));
}
