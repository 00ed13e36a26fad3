/**
 * What every command takes beside its own options.
 *
 * @module
 */

/** Output formats of commands that print data. */
export const OUTPUT_FORMATS = ["table", "wide", "json", "yaml", "name"] as const;

/** One of {@linkcode OUTPUT_FORMATS}. */
export type OutputFormat = typeof OUTPUT_FORMATS[number];

/** Options every command takes. */
export interface GlobalOptions {
  /** `-i`, or `K3S_TOOL_INVENTORY`; undefined means: look for it. */
  readonly inventory: string | undefined;
  readonly output: OutputFormat;
  readonly verbose: boolean;
  readonly quiet: boolean;
  readonly color: boolean;
  /** `--yes`: questions are answered with yes. */
  readonly yes: boolean;
  /** False with `--no-input` or where stdin is no terminal: a question is an error that names the flag. */
  readonly input: boolean;
}
