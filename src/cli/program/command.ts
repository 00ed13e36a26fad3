/**
 * Commands as data, with the options that each has and those that all have: `program.ts` turns
 * declarations into the parser, the help, the completions and the reference in docs/.
 *
 * @module
 */

import type { Output } from "../output/output.ts";
import type { Context } from "./context.ts";
import type { ExitCode } from "../../errors/user_error.ts";

/** What the value of each kind of option is for the command. */
export interface OptionKinds {
  /** `--gpu`; false where it is not given. */
  readonly flag: boolean;
  /** `--user NAME`. */
  readonly string: string | undefined;
  /** `--label k=v`, any number of times; empty where it is not given. */
  readonly list: readonly string[];
  /** `--forks N`, a whole number above zero. */
  readonly number: number | undefined;
}

/** One option of a command. */
export interface OptionDeclaration {
  readonly kind: keyof OptionKinds;
  /** As commander writes it: `"-l, --label <k=v>"`. */
  readonly flags: string;
  readonly description: string;
  /** The only values it takes. */
  readonly choices?: readonly string[];
  /** Environment variable that stands in for it. */
  readonly env?: string;
  /** What completion offers for its value. */
  readonly completes?: Completes;
}

/** What an option may say beside what every option says. */
type Further = Omit<OptionDeclaration, "kind" | "flags" | "description">;

type Declared<K extends keyof OptionKinds> = OptionDeclaration & { readonly kind: K };

/** Declares an option: `option.flag("--force", "replace an existing inventory")`. */
export const option = {
  flag: declares("flag"),
  text: declares("string"),
  list: declares("list"),
  number: declares("number"),
};

function declares<K extends keyof OptionKinds>(kind: K) {
  return (flags: string, description: string, further: Further = {}): Declared<K> => ({
    kind,
    flags,
    description,
    ...further,
  });
}

/** What a value stands for, so that the shell can offer it. */
export type Completes = "file" | "host" | "config-key";

/** One positional argument. */
export interface ArgumentDeclaration {
  /** `"<host>"`, `"[ip]"` or `"[hosts...]"`. */
  readonly syntax: string;
  readonly description: string;
  readonly choices?: readonly string[];
  readonly completes?: Completes;
}

/** Declares an argument: `argument("<host>", "name of the machine")`. */
export function argument(
  syntax: string,
  description: string,
  further: Omit<ArgumentDeclaration, "syntax" | "description"> = {},
): ArgumentDeclaration {
  return { syntax, description, ...further };
}

/** The values of declared options. */
export type OptionValues<O extends Record<string, OptionDeclaration>> = {
  readonly [K in keyof O]: OptionKinds[O[K]["kind"]];
};

/** What the person typed, after parsing. */
export interface Input<O extends Record<string, OptionDeclaration>> {
  /** Positional arguments; a variadic one contributes all of its values. */
  readonly args: readonly string[];
  readonly options: OptionValues<O>;
  readonly globals: GlobalOptions;
  /** The whole command line as it was typed, for a shell: how to do the same again. */
  readonly line: string;
  /** The same without these positional arguments: how to go on where they are done. */
  lineWithout(args: readonly string[]): string;
}

/** A command: what it takes, how it is explained, what it does. */
export interface CommandDeclaration<
  // deno-lint-ignore no-explicit-any
  O extends Record<string, OptionDeclaration> = any,
> {
  /** Words after the program's name: `"node add"`. */
  readonly name: string;
  /** Further names kept for habit, not shown in help: `"add-node"`, `"node rm"`. */
  readonly aliases?: readonly string[];
  /** One line for lists, without a full stop. */
  readonly summary: string;
  /** Paragraphs for its own help. */
  readonly description?: string;
  readonly args?: readonly ArgumentDeclaration[];
  readonly options?: O;
  /** What each does, by the command as typed; at least two. */
  readonly examples: Readonly<Record<string, string>>;
  /** `-o` values it supports beside `table`; default: all. */
  readonly formats?: readonly OutputFormat[];
  /** Not shown in help (machinery for completions). */
  readonly hidden?: boolean;
  /** Does it. Data goes to `output.data`, words to `output.note`; failures are thrown `UserError`s. */
  run(context: Context, input: Input<O>, output: Output): Promise<ExitCode | void>;
}

/** Types a declaration's options from the declaration itself. */
export function defineCommand<const O extends Record<string, OptionDeclaration>>(
  declaration: CommandDeclaration<O>,
): CommandDeclaration<O> {
  return declaration;
}

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
