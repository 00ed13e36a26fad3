/**
 * Errors of the command-line parser, as user errors.
 *
 * @module
 */

import type { CommanderError } from "commander";
import { didYouMean, nearest } from "../../errors/nearest.ts";
import { usageError, type UserError } from "../../errors/user_error.ts";
import type { CommandDeclaration, OptionDeclaration } from "./command.ts";

/** What was typed, and what could have been. */
export interface Typed {
  readonly argv: readonly string[];
  readonly commands: readonly CommandDeclaration[];
  /** Long flags that every command takes. */
  readonly globalFlags: readonly string[];
}

/** Makes of `error: unknown command 'nod'` a message, and of the nearest names a hint. */
export function parserError(
  { message }: Pick<CommanderError, "message">,
  typed: Typed,
): UserError {
  const said = message.replace(/^error: /, "").replace(/\.$/, "");
  const help = `k3s-tool ${commandName(typed)}--help`;
  const guess = guessOf(said, typed);
  return usageError((said[0]?.toUpperCase() ?? "") + said.slice(1), {
    hint: guess === undefined ? `See: ${help}` : `${guess} See also: ${help}`,
  });
}

/** The next step, as a sentence; undefined where nothing is near. */
function guessOf(said: string, typed: Typed): string | undefined {
  const [, kind, word = ""] = /^unknown (command|option) '(.*)'$/.exec(said) ?? [];
  if (kind === "command") return question(word, commandWords(typed, word));
  if (kind === "option") {
    return question(word, [...flagsOf(typed), ...typed.globalFlags]) ??
      (typed.argv[0] === "config"
        ? "If a value starts with -, put it last: k3s-tool config set KEY -- VALUE."
        : undefined);
  }
  const choice = /(?:argument|value) '(.*)' is invalid.* Allowed choices are (.*)$/.exec(said);
  return choice === null ? undefined : question(choice[1]!, choice[2]!.split(", "));
}

function question(word: string, names: readonly string[]): string | undefined {
  return nearest(word, names).length === 0 ? undefined : didYouMean(word, names, "");
}

/** Words that could stand in the place of an unknown one: behind a group those of the group. */
function commandWords({ argv, commands }: Typed, unknown: string): readonly string[] {
  const names = commands.filter(({ hidden }) => !hidden).map(({ name }) => name);
  const group = argv[argv.indexOf(unknown) - 1];
  const within = names.filter((name) => name.startsWith(`${group} `));
  return within.length > 0
    ? within.map((name) => name.slice(`${group} `.length))
    : names.map((name) => name.split(" ")[0]!);
}

function flagsOf(typed: Typed): readonly string[] {
  const name = commandName(typed).trim();
  const command = typed.commands.find((each) => namesOf([each]).includes(name));
  return Object.values<OptionDeclaration>(command?.options ?? {})
    .map(({ flags }) => /--[\w-]+/.exec(flags)?.[0] ?? flags);
}

/** The command or group that is meant, with a space behind it; empty where none is known. */
function commandName({ argv, commands }: Typed): string {
  const words = argv.filter((word) => !word.startsWith("-"));
  const names = namesOf(commands);
  const pair = words.slice(0, 2).join(" ");
  const [first = ""] = words;
  if (names.includes(pair)) return `${pair} `;
  const known = names.some((name) => name === first || name.startsWith(`${first} `));
  return known && first !== "" ? `${first} ` : "";
}

/** Every name that a command answers to. */
export function namesOf(commands: readonly CommandDeclaration[]): readonly string[] {
  return commands.flatMap(({ name, aliases = [] }) => [name, ...aliases]);
}
