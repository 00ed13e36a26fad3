/**
 * What a shell can offer at Tab: declarations as a tree of @bomb.sh/tab, which completes the words
 * typed so far, and values for them: names from the inventory, keys of variables.
 *
 * @module
 */

import { type Command as TabCommand, RootCommand } from "@bomb.sh/tab";
import {
  type CommandDeclaration,
  type Completes,
  GLOBAL_OPTIONS,
  type OptionDeclaration,
} from "./command.ts";
import type { Context } from "./context.ts";
import { hostsOf, ROLES } from "../../inventory/model.ts";
import { locateInventoryIfAny } from "../../inventory/read/locate.ts";
import { readInventory } from "../../inventory/read/read.ts";
import { CLUSTER_VARIABLES, HOST_VARIABLES } from "../../inventory/schema.ts";

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

/** Values by what they stand for. A shell completes file names by itself. */
export type Offers = Readonly<Record<Completes, readonly string[]>>;

/** Looks them up; an inventory that cannot be read offers nothing, as Tab is no place for errors. */
export async function lookUpOffers(
  context: Context,
  named: string | undefined,
): Promise<Offers> {
  return {
    file: [],
    host: await hostNames(context, named),
    "config-key": [...new Set([...HOST_VARIABLES, ...CLUSTER_VARIABLES])].sort(),
  };
}

async function hostNames(context: Context, named: string | undefined): Promise<readonly string[]> {
  try {
    const file = await locateInventoryIfAny(context, named);
    if (file === undefined) return [];
    const inventory = await readInventory(file, { cwd: context.cwd });
    return ROLES.flatMap((role) => hostsOf(inventory, role)).map(({ name }) => name);
  } catch {
    return [];
  }
}
