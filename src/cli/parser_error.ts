/**
 * What the parser of the command line refuses, as an error like any other.
 *
 * @module
 */

import type { CommanderError } from "commander";
import { usageError, type UserError } from "../errors/user_error.ts";
import type { CommandDeclaration } from "./command.ts";

/**
 * Makes of `error: unknown command 'nod'\n(Did you mean node?)` a message and a hint.
 *
 * @param options.argv the arguments, to name the help that tells more
 */
export function parserError(
  { message }: Pick<CommanderError, "message">,
  { argv, commands }: {
    readonly argv: readonly string[];
    readonly commands: readonly CommandDeclaration[];
  },
): UserError {
  const [said = "", suggestion] = message.replace(/^error: /, "").split("\n");
  const sentence = (said[0]?.toUpperCase() ?? "") + said.slice(1).replace(/\.$/, "");
  const guess = suggestion?.replace(/^\((.*)\)$/, "$1");
  const help = `k3s-tool ${commandName(argv, commands)}--help`;
  const dashed = said.startsWith("unknown option") && argv[0] === "config";
  const hint = guess ??
    (dashed
      ? "A value that begins with - goes last: k3s-tool config set KEY -- VALUE."
      : undefined);
  return usageError(sentence, {
    hint: hint === undefined ? `See: ${help}` : `${hint} See also: ${help}`,
  });
}

/** The command or group that is meant, with a space behind it; empty where none is known. */
function commandName(
  argv: readonly string[],
  commands: readonly CommandDeclaration[],
): string {
  const words = argv.filter((word) => !word.startsWith("-"));
  const names = commands.flatMap(({ name, aliases = [] }) => [name, ...aliases]);
  const pair = words.slice(0, 2).join(" ");
  const [first = ""] = words;
  if (names.includes(pair)) return `${pair} `;
  const known = names.some((name) => name === first || name.startsWith(`${first} `));
  return known && first !== "" ? `${first} ` : "";
}
