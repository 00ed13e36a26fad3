/**
 * From arguments to an exit code: declarations become a commander program, one command runs, and
 * whatever it throws is rendered here and nowhere else, errors of the parser included.
 *
 * @module
 */

import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import {
  assertFormat,
  jsonLine,
  Output,
  paintFor,
  wantsColor,
  yamlText,
} from "../output/output.ts";
import {
  type CommandDeclaration,
  GLOBAL_OPTIONS,
  type GlobalOptions,
  type Input,
  type OptionDeclaration,
  OUTPUT_FORMATS,
  type OutputFormat,
} from "./command.ts";
import type { Context } from "./context.ts";
import { commands } from "./registry.ts";
import { didYouMean, nearest } from "../../errors/nearest.ts";
import { errorDocument, renderErrorText } from "../../errors/render_error.ts";
import { shellWord } from "../../errors/shell_word.ts";
import { ExitCode, interruptedError, usageError, UserError } from "../../errors/user_error.ts";

const DESCRIPTION =
  "Run a k3s cluster on the machines of your tailnet and keep using them as workstations.";

const EPILOGUE = `
First steps:
  k3s-tool init         choose machines and write inventory/hosts.yml
  k3s-tool provision    install k3s on them
  k3s-tool status       show the cluster

Exit codes: 0 success, 1 failed, 2 wrong usage or invalid configuration, 3 something is not installed
or does not exist, 4 cluster or tailnet unreachable, 130 interrupted.`;

/** The command that was called, and what it was given. */
interface Call {
  readonly declaration: CommandDeclaration;
  readonly input: Input<Record<string, never>>;
}

/** Group words (`node`, `config`, `assets`) and what they stand for. */
export const GROUPS: Readonly<Record<string, string>> = {
  backup: "Back up the cluster, restore it, and list, check and prune backups",
  rotate: "Replace certificates, the server token and encryption keys, server by server",
  notify: "Report problems of the cluster to ntfy, a webhook or by mail",
  runs: "Show what earlier runs did, and their logs",
  artifacts: "Download what provisioning needs from the internet",
  assets: "List or copy the embedded Ansible roles and templates",
  config: "Read and change variables of the inventory",
  gitops: "Deploy from Git: create a repository and apps, validate them, show the sync status",
  node: "Add, remove and show machines of the inventory",
};

/**
 * Runs the program.
 *
 * @returns the exit code; never throws and never ends the process
 */
export async function run(argv: readonly string[], context: Context): Promise<ExitCode> {
  let chosen: Call | undefined;
  const program = buildProgram(argv, context, (call) => chosen = call);
  try {
    if (argv.length === 0) {
      program.outputHelp();
      return ExitCode.Done;
    }
    const unknown = unknownAfterHelp(argv);
    if (unknown !== undefined) {
      const error = parserError(`unknown command '${unknown}'`, argv.slice(1));
      return report(error, context, globalsFrom(program.opts(), context));
    }
    const versionAsked = argv.length === 1 && (argv[0] === "-V" || argv[0] === "--version");
    await program.parseAsync(versionAsked ? ["version"] : argv.map(marked), { from: "user" });
    if (chosen === undefined) return ExitCode.Done;
    const { declaration, input } = chosen;
    assertFormat(input.globals.output, {
      command: declaration.name,
      formats: declaration.formats ?? OUTPUT_FORMATS,
    });
    const code = await declaration.run(context, input, new Output(context, input.globals));
    return code ?? ExitCode.Done;
  } catch (error) {
    const globals = chosen?.input.globals ?? globalsFrom(program.opts(), context);
    if (!(error instanceof CommanderError)) return report(error, context, globals);
    if (error.exitCode === 0) return ExitCode.Done;
    // A group without a command: its help was printed and says it all.
    if (error.code === "commander.help") return ExitCode.Usage;
    return report(parserError(unmarked(error.message), argv), context, globals);
  }
}

/** The first word behind `help` that names no command: the parser would print some other help. */
function unknownAfterHelp([first, ...rest]: readonly string[]): string | undefined {
  if (first !== "help") return undefined;
  const words = rest.filter((word) => !word.startsWith("-"));
  const names = ["help", ...namesOf(commands)];
  return words.find((_, index) => {
    const asked = words.slice(0, index + 1).join(" ");
    return !names.some((name) => name === asked || name.startsWith(`${asked} `));
  });
}

/**
 * Marks a word such as `-1Gi`, which the parser would take for an option: no option begins with a
 * digit. No argument of a program holds the character.
 */
function marked(word: string): string {
  return /^-\.?\d/.test(word) ? `\0${word}` : word;
}

/** What was given, without the marks. */
function unmarked<T>(value: T): T {
  if (Array.isArray(value)) return value.map(unmarked) as T;
  return typeof value === "string" ? value.replaceAll("\0", "") as T : value;
}

/** The one command the first words name, else all of them: making each costs the start some time. */
function named(argv: readonly string[]): readonly CommandDeclaration[] {
  const found = commands.find(({ name, aliases = [] }) =>
    [name, ...aliases].some((each) => each.split(" ").every((word, index) => argv[index] === word))
  );
  return found === undefined ? commands : [found];
}

/** The commander program for what was typed; `execute` gets the command that was called. */
function buildProgram(
  argv: readonly string[],
  context: Context,
  execute: (call: Call) => void,
): Command {
  const program = new Command("k3s-tool")
    .description(DESCRIPTION)
    .addHelpText("after", EPILOGUE)
    .helpCommand("help [command]", "Show help for a command")
    .exitOverride()
    .showSuggestionAfterError(false) // `parserError` knows all commands
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => context.stdout.write(text),
      writeErr: (text) => context.stderr.write(text),
      outputError: () => {}, // `report` says it, like every other error
      getOutHelpWidth: () => Math.min(context.stdout.columns() ?? 80, 100),
      getErrHelpWidth: () => Math.min(context.stderr.columns() ?? 80, 100),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    });
  for (const each of Object.values(GLOBAL_OPTIONS)) program.addOption(commanderOption(each));
  program.option("-V, --version", "same as k3s-tool version");
  const groups = new Map<string, Command>();
  for (const declaration of named(argv)) {
    const { name, aliases = [], hidden = false } = declaration;
    addNamed(name, declaration, hidden);
    for (const alias of aliases) addNamed(alias, declaration, true);
  }
  return program;

  function addNamed(name: string, declaration: CommandDeclaration, hidden: boolean): void {
    const [first = "", second] = name.split(" ");
    if (second === undefined) return addCommand(program.command(first, { hidden }), declaration);
    let group = groups.get(first);
    if (group === undefined) {
      group = program.command(first).description(GROUPS[first] ?? "");
      groups.set(first, group);
    }
    addCommand(group.command(second, { hidden }), declaration);
  }

  function addCommand(command: Command, declaration: CommandDeclaration): void {
    command.summary(declaration.summary)
      .description(declaration.description ?? `${declaration.summary}.`)
      .addHelpText("after", examplesText(declaration));
    for (const argument of declaration.args ?? []) {
      const made = command.createArgument(argument.syntax, argument.description);
      if (argument.choices !== undefined) made.choices([...argument.choices]);
      command.addArgument(made);
    }
    const options: Record<string, OptionDeclaration> = declaration.options ?? {};
    for (const option of Object.values(options)) command.addOption(commanderOption(option));
    command.action(() => {
      const all = command.optsWithGlobals();
      const values = Object.entries(options).map(([key, { kind, env }]) => {
        const value = all[key] ?? (env === undefined ? undefined : context.env(env));
        if (value !== undefined) return [key, unmarked(value)];
        return [key, kind === "flag" ? false : kind === "list" ? [] : undefined];
      });
      const input = {
        args: unmarked(command.processedArgs.flat().filter((value) => value !== undefined)),
        options: Object.fromEntries(values),
        globals: globalsFrom(all, context),
        line: lineOf(argv),
        lineWithout: (args: readonly string[]) =>
          lineOf(
            argv.filter((word, at) => !args.includes(word) || takesValue(command, argv[at - 1])),
          ),
      };
      execute({ declaration, input });
    });
  }
}

/** Whether the word behind one is its value. */
function takesValue(command: Command, word: string | undefined): boolean {
  for (let at: Command | null = command; at !== null; at = at.parent) {
    const option = at.options.find(({ short, long }) => word === short || word === long);
    if (option !== undefined) return option.required;
  }
  return false;
}

function lineOf(argv: readonly string[]): string {
  return ["k3s-tool", ...argv].map(shellWord).join(" ");
}

/** The "Examples" section of a command's help. */
function examplesText({ examples }: CommandDeclaration): string {
  const lines = Object.entries(examples).map(([command, does]) => `  ${command}\n      ${does}`);
  return `\nExamples:\n${lines.join("\n")}`;
}

function commanderOption(declaration: OptionDeclaration): Option {
  const env = declaration.env === undefined ? "" : ` (env ${declaration.env})`;
  const option = new Option(declaration.flags, declaration.description + env);
  if (declaration.choices !== undefined) option.choices([...declaration.choices]);
  if (declaration.kind === "number") option.argParser(wholeNumber);
  if (declaration.kind === "list") {
    option.argParser((value: string, previous: string[] | undefined) => [
      ...(previous ?? []),
      value,
    ]);
  }
  return option;
}

function wholeNumber(value: string): number {
  if (!/^[1-9]\d{0,8}$/.test(value)) {
    throw new InvalidArgumentError("It must be a whole number from 1 to 999999999.");
  }
  return Number(value);
}

function globalsFrom(options: Record<string, unknown>, context: Context): GlobalOptions {
  return {
    inventory: (options.inventory as string | undefined) ?? context.env("K3S_TOOL_INVENTORY"),
    output: (options.output as OutputFormat | undefined) ?? "table",
    verbose: options.verbose === true,
    quiet: options.quiet === true,
    color: options.color !== false,
    yes: options.yes === true,
    input: options.input !== false && context.stdin.isTerminal && context.stderr.isTerminal,
  };
}

async function report(
  thrown: unknown,
  context: Context,
  globals: GlobalOptions,
): Promise<ExitCode> {
  // An error while the user stops the program is a result of that.
  const error = context.signal.aborted && !(thrown instanceof UserError)
    ? interruptedError()
    : thrown;
  try {
    if (globals.output === "json") context.stdout.write(jsonLine(errorDocument(error)));
    // A document of its own, also behind one that the command has printed.
    if (globals.output === "yaml") {
      context.stdout.write("---\n" + await yamlText(errorDocument(error)));
    }
  } catch {
    // Stdout is full or closed, which may be the error itself; the words below still say it.
  }
  const color = wantsColor({
    isTerminal: context.stderr.isTerminal,
    flag: globals.color,
    env: context.env,
  });
  const paint = paintFor({ color });
  context.stderr.write(renderErrorText(error, {
    verbose: globals.verbose,
    tones: { error: (text) => paint("bad", text), hint: (text) => paint("accent", text) },
  }));
  return error instanceof UserError ? error.exitCode : ExitCode.Failed;
}

/** Makes of `error: unknown command 'nod'` a message, and of the nearest names a hint. */
function parserError(message: string, argv: readonly string[]): UserError {
  const said = message.replace(/^error: /, "").replace(/\.$/, "");
  const help = `k3s-tool ${commandName(argv)}--help`;
  const guess = guessOf(said, argv);
  return usageError((said[0]?.toUpperCase() ?? "") + said.slice(1), {
    hint: guess === undefined ? `See: ${help}` : `${guess} See also: ${help}`,
  });
}

/** What an unknown option may be meant for, by the command or group: words that are not ours. */
const BEHIND_DASHES: Readonly<Record<string, string>> = {
  config: "If a value starts with -, put it last: k3s-tool config set KEY -- VALUE.",
  ssh: "Options of the remote command go after --: k3s-tool ssh HOST -- COMMAND.",
  exec: "Options of the remote command go after --: k3s-tool exec -- COMMAND.",
};

/** The next step, as a sentence; undefined where nothing is near. */
function guessOf(said: string, argv: readonly string[]): string | undefined {
  const [, kind, word = ""] = /^unknown (command|option) '(.*)'$/.exec(said) ?? [];
  if (kind === "command") return question(word, commandWords(argv, word));
  if (kind === "option") {
    return question(word, flagsOf(argv)) ?? BEHIND_DASHES[commandName(argv).split(" ")[0]!];
  }
  const choice = /(?:argument|value) '(.*)' is invalid.* Allowed choices are (.*)$/.exec(said);
  return choice === null ? undefined : question(choice[1]!, choice[2]!.split(", "));
}

function question(word: string, names: readonly string[]): string | undefined {
  return nearest(word, names).length === 0 ? undefined : didYouMean(word, names, "");
}

/** Words that could stand in the place of an unknown one: behind a group those of the group. */
function commandWords(argv: readonly string[], unknown: string): readonly string[] {
  const names = commands.filter(({ hidden }) => !hidden).map(({ name }) => name);
  const group = argv[argv.indexOf(unknown) - 1];
  const within = names.filter((name) => name.startsWith(`${group} `));
  return within.length > 0
    ? within.map((name) => name.slice(`${group} `.length))
    : names.map((name) => name.split(" ")[0]!);
}

/** Long flags that the command takes, those of every command among them. */
function flagsOf(argv: readonly string[]): readonly string[] {
  const name = commandName(argv).trim();
  const command = commands.find((each) => namesOf([each]).includes(name));
  const declared = Object.values<OptionDeclaration>({ ...command?.options, ...GLOBAL_OPTIONS });
  return ["--version", ...declared.map(({ flags }) => /--[\w-]+/.exec(flags)?.[0] ?? flags)];
}

/** The command or group that is meant, with a space behind it; empty where none is known. */
function commandName(argv: readonly string[]): string {
  const words = argv.filter((word) => !word.startsWith("-"));
  const names = namesOf(commands);
  const pair = words.slice(0, 2).join(" ");
  const [first = ""] = words;
  if (names.includes(pair)) return `${pair} `;
  const known = names.some((name) => name === first || name.startsWith(`${first} `));
  return known && first !== "" ? `${first} ` : "";
}

/** Every name that a command answers to. */
function namesOf(commands: readonly CommandDeclaration[]): readonly string[] {
  return commands.flatMap(({ name, aliases = [] }) => [name, ...aliases]);
}
