/**
 * docs/commands.md, written from the declarations, so that it cannot differ from the program.
 *
 * @module
 */

import type { CommandDeclaration, OptionDeclaration } from "../src/cli/program/command.ts";

const INTRODUCTION = `# Commands

<!-- Written by \`deno task docs\` from the declarations in src/cli/commands/. Do not edit. -->

Data goes to stdout, messages to stderr. Every command has these options:

| Option | Meaning |
| --- | --- |
| \`-i, --inventory <file>\` | inventory file (env \`K3S_TOOL_INVENTORY\`); default: the nearest \`inventory/hosts.yml\`, then \`ansible/inventory/hosts.yml\`, then \`hosts.yml\`, from the current directory upwards |
| \`-o, --output <format>\` | \`table\`, \`wide\`, \`json\`, \`yaml\` or \`name\` |
| \`-v, --verbose\` | show details |
| \`-q, --quiet\` | print only data, warnings and errors |
| \`-y, --yes\` | answer yes to all questions |
| \`--no-color\` | no colours (also \`NO_COLOR\`) |
| \`--no-input\` | do not ask questions; if an answer is missing, the error shows the flag to use |

JSON documents have \`apiVersion: k3s-tool/v1\` and \`kind\`; their schemas are in [schemas/](schemas/).

| Exit code | Meaning |
| --- | --- |
| 0 | success |
| 1 | the operation failed, for example on a host |
| 2 | wrong usage or invalid configuration; nothing was written |
| 3 | something is not installed or does not exist; the message shows how to fix it |
| 4 | cluster or tailnet unreachable |
| 130 | interrupted |
`;

/** The whole page. */
export function commandsDoc(commands: readonly CommandDeclaration[]): string {
  const shown = commands.filter(({ hidden }) => hidden !== true);
  return [INTRODUCTION, ...shown.map(section)].join("\n");
}

function section(declaration: CommandDeclaration): string {
  const { name, summary, description, aliases = [], args = [], examples } = declaration;
  const options = Object.values<OptionDeclaration>(declaration.options ?? {});
  const usage = [
    "k3s-tool",
    name,
    ...args.map(({ syntax }) => syntax),
    ...(options.length > 0 ? ["[options]"] : []),
  ];
  return [
    `## ${name}`,
    "",
    "```",
    usage.join(" "),
    "```",
    "",
    description ?? `${summary}.`,
    ...(aliases.length > 0
      ? ["", `Also: ${aliases.map((alias) => `\`${alias}\``).join(", ")}.`]
      : []),
    ...table("Argument", args.map((argument) => [argument.syntax, withChoices(argument)])),
    ...table("Option", options.map((option) => [option.flags, withChoices(option)])),
    "",
    ...Object.entries(examples).flatMap((
      [command, does],
    ) => ["```sh", `# ${does}`, command, "```"]),
    "",
  ].join("\n");
}

function table(head: string, rows: readonly (readonly [string, string])[]): string[] {
  if (rows.length === 0) return [];
  return [
    "",
    `| ${head} | Meaning |`,
    "| --- | --- |",
    ...rows.map(([left, right]) => `| \`${left}\` | ${right.replaceAll("|", "\\|")} |`),
  ];
}

function withChoices(
  { description, choices, env }: {
    readonly description: string;
    readonly choices?: readonly string[];
    readonly env?: string;
  },
): string {
  const values = choices === undefined ? "" : ` (${choices.map((c) => `\`${c}\``).join(", ")})`;
  return `${description}${values}${env === undefined ? "" : ` (env \`${env}\`)`}`;
}
