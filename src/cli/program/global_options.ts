/**
 * What every command takes beside its own options.
 *
 * @module
 */

import { option } from "./command.ts";

/** Output formats of commands that print data. */
export const OUTPUT_FORMATS = ["table", "wide", "json", "yaml", "name"] as const;

/** One of {@linkcode OUTPUT_FORMATS}. */
export type OutputFormat = typeof OUTPUT_FORMATS[number];

/** How they are declared. */
export const GLOBAL_OPTIONS = {
  inventory: option.text("-i, --inventory <file>", "inventory file", {
    env: "K3S_TOOL_INVENTORY",
    completes: "file",
  }),
  output: option.text("-o, --output <format>", "output format", { choices: OUTPUT_FORMATS }),
  verbose: option.flag("-v, --verbose", "show details"),
  quiet: option.flag("-q, --quiet", "print only data, warnings and errors"),
  yes: option.flag("-y, --yes", "answer yes to all questions"),
  color: option.flag("--no-color", "no colours (also NO_COLOR)"),
  input: option.flag("--no-input", "do not ask questions; fail if an answer is missing"),
};

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
