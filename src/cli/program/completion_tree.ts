/**
 * Declarations as a tree of @bomb.sh/tab, which completes the words typed so far.
 *
 * @module
 */

import { type Command as TabCommand, RootCommand } from "@bomb.sh/tab";
import type { CommandDeclaration, OptionDeclaration } from "./command.ts";
import { GLOBAL_OPTIONS } from "./global_options.ts";
import type { Offers } from "./offers.ts";

/** The tree for these declarations, with values from the inventory. */
export function completionTree(
  commands: readonly CommandDeclaration[],
  offers: Offers,
): RootCommand {
  const root = new RootCommand();
  addOptions(root, GLOBAL_OPTIONS);
  for (const declaration of commands) {
    if (declaration.hidden) continue;
    const aliases = declaration.aliases?.filter((alias) => alias.includes(" ")) ?? [];
    for (const name of [declaration.name, ...aliases]) add(name, declaration);
  }
  return root;

  function add(name: string, declaration: CommandDeclaration): void {
    const [group, second] = name.split(" ");
    if (second !== undefined && !root.commands.has(group ?? "")) root.command(group ?? "", "");
    const command = root.command(name, declaration.summary);
    for (const { syntax, choices, completes } of declaration.args ?? []) {
      const values = choices ?? (completes === undefined ? undefined : offers[completes]);
      command.argument(
        syntax.replace(/[<>[\].]/g, ""),
        values && ((complete) => values.forEach((value) => complete(value, ""))),
        syntax.includes("..."),
      );
    }
    addOptions(command, declaration.options ?? {});
    addOptions(command, GLOBAL_OPTIONS);
  }

  function addOptions(
    command: TabCommand,
    options: Readonly<Record<string, OptionDeclaration>>,
  ): void {
    for (const { flags, description, choices, completes, kind } of Object.values(options)) {
      const { long, short } = parseFlags(flags);
      const values = choices ?? (completes === undefined ? [] : offers[completes]);
      if (kind === "flag") {
        command.option(long, description, short);
      } else {
        command.option(long, description, (complete) => {
          for (const value of values) complete(value, "");
        }, short);
      }
    }
  }
}

function parseFlags(flags: string): { long: string; short?: string } {
  const long = /--([\w-]+)/.exec(flags)?.[1] ?? flags;
  const short = /(?:^|[ ,])-(\w)\b/.exec(flags)?.[1];
  return short === undefined ? { long } : { long, short };
}
