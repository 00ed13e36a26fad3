/** Every command line that a message, a document or an example names is one that the program takes. */
import assert from "node:assert/strict";
import type { CommandDeclaration, OptionDeclaration } from "../../src/cli/program/command.ts";
import { commands } from "../../src/cli/program/registry.ts";
import { PROJECT_ROOT, runCommand } from "../cli/fake_context.ts";

const GLOBAL_FLAGS = await globalFlags();
const VALUED_GLOBALS = ["-i", "--inventory", "-o", "--output"];
const GROUPS = new Set(
  commands.map(({ name }) => name.split(" ")).filter((words) => words.length > 1)
    .map(([group]) => group!),
);

/** First words of command lines. */
const KNOWN = new Set(
  commands.flatMap(({ name, aliases = [] }) => [name, ...aliases])
    .map((name) => name.split(" ")[0]!),
);

async function globalFlags(): Promise<ReadonlySet<string>> {
  const { stdout } = await runCommand(["--help"]);
  const options = /\nOptions:\n([^]*?)\n\n/.exec(stdout)?.[1] ?? "";
  return new Set([...options.matchAll(/(?<=^ {2}|, )--?[\w-]+/gm)].map(([flag]) => flag));
}

function flagsOf({ options = {} }: CommandDeclaration): Map<string, OptionDeclaration> {
  return new Map(
    Object.values<OptionDeclaration>(options).flatMap((option) =>
      [...option.flags.matchAll(/(?<!\S)--?[\w-]+/g)].map(([flag]) => [flag, option] as const)
    ),
  );
}

/** Why the program would refuse these words; undefined where it would not. */
function refusal(
  words: readonly string[],
  { prose }: { readonly prose: boolean },
): string | undefined {
  const rest = [...words];
  const takeGlobals = () => {
    while (rest[0] !== undefined && GLOBAL_FLAGS.has(rest[0])) {
      if (VALUED_GLOBALS.includes(rest.shift()!)) rest.shift();
    }
  };
  takeGlobals();
  const command = commands.find(({ name, aliases = [] }) =>
    [name, ...aliases].some((each) => each === rest.slice(0, each.split(" ").length).join(" "))
  );
  if (command === undefined) {
    const [first, second] = rest;
    if (first === undefined || first === "help" || GLOBAL_FLAGS.has(first)) return undefined;
    if (GROUPS.has(first) && (second === undefined || second.startsWith("--"))) return undefined;
    // Alternatives: `node add|remove`, `config get|set KEY`.
    if (GROUPS.has(first) && second!.includes("|")) {
      return second!.split("|").map((each) => refusal([first, each, ...rest.slice(2)], { prose }))
        .find((why) => why !== undefined);
    }
    return `no command ${rest.slice(0, 2).join(" ")}`;
  }
  const name = [command.name, ...command.aliases ?? []].find((each) =>
    each === rest.slice(0, each.split(" ").length).join(" ")
  )!;
  rest.splice(0, name.split(" ").length);
  const flags = flagsOf(command);
  let positional = 0;
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === "--") {
      positional += rest.length;
      break;
    }
    if (/^--?[a-zA-Z]/.test(word)) {
      const [flag = "", value] = word.split("=", 2);
      const option = flags.get(flag);
      if (option === undefined && !GLOBAL_FLAGS.has(flag)) return `${command.name} has no ${flag}`;
      const takes = option === undefined ? VALUED_GLOBALS.includes(flag) : option.kind !== "flag";
      const given = takes && value === undefined ? rest.shift() : value;
      if (takes && given === undefined && !prose) return `${flag} without a value`;
      const choices = option?.choices;
      if (
        choices && given &&
        !given.split("|").every((each) => choices.includes(each) || /^[A-Z]+$/.test(each))
      ) {
        return `${flag} does not take ${given}`;
      }
    } else positional++;
  }
  const args = command.args ?? [];
  const most = args.some(({ syntax }) => syntax.includes("...")) ? Infinity : args.length;
  if (!prose && positional > most) {
    return `${command.name} takes ${most} arguments, not ${positional}`;
  }
  const least = args.filter(({ syntax }) => syntax.startsWith("<")).length;
  if (!prose && positional < least) return `${command.name} needs ${least} arguments`;
  return undefined;
}

/** Words of a shell's line as far as our documents need it: quotes, pipes, redirections, comments. */
function shellWords(line: string): string[] {
  const found = line.match(
    /'[^']*'|"(?:\\.|[^"\\])*"|[|<>;&#)]+|(?:[^\s'"|<>;&)]|\|(?=\w))+(?:'[^']*'|"[^"]*")?/g,
  ) ?? [];
  const end = found.findIndex((word) => /^[|<>;&#)]/.test(word));
  return (end === -1 ? found : found.slice(0, end)).map((word) => word.replaceAll(/["']/g, ""));
}

async function files(folder: string, end: RegExp): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of Deno.readDir(`${PROJECT_ROOT}/${folder}`)) {
    const path = folder === "." ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory && !/^(?:node_modules|dist|\.git)$/.test(entry.name)) {
      if (folder !== ".") found.push(...await files(path, end));
    } else if (end.test(entry.name)) found.push(path);
  }
  return found.sort();
}

const DOCUMENTS = [
  ...await files(".", /\.md$/),
  ...(await Promise.all(
    ["docs", "ansible", "gitops", "examples"].map((each) => files(each, /\.md$/)),
  )).flat(),
];

/** Words after the program's name that make a sentence of it. */
const VERBS =
  /^(?:does not|says|writes|tui needs|needs an inventory|already manages|[a-z]+s (?:the|how|a|it)\b)/;

Deno.test("every command line in the documents is one that the program takes", async () => {
  const wrong: string[] = [];
  for (const file of DOCUMENTS) {
    const text = (await Deno.readTextFile(`${PROJECT_ROOT}/${file}`)).replaceAll(/\\\n\s*/g, " ");
    for (const [, line = ""] of text.matchAll(/(?:^|`|\$ |\| |&& |\()k3s-tool ([^`\n]+)/gm)) {
      // The synopsis of docs/commands.md comes from the declarations; the rest is no command line.
      if (/[<[]\w+[\]>]/.test(line) || VERBS.test(line)) continue;
      const why = refusal(shellWords(line), { prose: false });
      if (why !== undefined) wrong.push(`${file}: k3s-tool ${line}: ${why}`);
    }
  }
  assert.deepEqual(wrong, []);
});

Deno.test("every command line in a message is one that the program takes", async () => {
  const sources = [
    ...await files("src", /\.tsx?$/),
    ...await files("ansible", /\.(?:yml|py|j2)$/),
    ...await files("gitops", /\.ya?ml$/),
    ...await files("examples", /\.ya?ml$/),
  ];
  const wrong: string[] = [];
  for (const file of sources) {
    const text = (await Deno.readTextFile(`${PROJECT_ROOT}/${file}`))
      .replaceAll(/["`] ?\+\n? *["`]/g, "") // one sentence over several lines
      .replaceAll(/\$\{[^{}]*\}/g, "X");
    for (
      const [, before, line = ""] of text.matchAll(/(: |`)?\bk3s-tool ([a-z][^`"'\\\n;,.()]*)/g)
    ) {
      // Sentences about the program itself.
      const first = line.split(" ")[0]!;
      const why = refusal(shellWords(line), { prose: true });
      if (
        why !== undefined &&
        ((before !== undefined && !VERBS.test(line)) || KNOWN.has(first) || line.includes(" --"))
      ) {
        wrong.push(`${file}: k3s-tool ${line}: ${why}`);
      }
    }
  }
  assert.deepEqual(wrong, []);
});

Deno.test("the name of a host in a command of a message is one word of a shell", async () => {
  const unquoted: string[] = [];
  for (const file of await files("src", /\.tsx?$/)) {
    const text = await Deno.readTextFile(`${PROJECT_ROOT}/${file}`);
    for (const [, value = ""] of text.matchAll(/k3s-tool [a-z][^`"\n]*?\$\{([^{}]*)\}/g)) {
      if (/^(?:host|first|peer|name)\b/.test(value)) unquoted.push(`${file}: ${value}`);
    }
  }
  assert.deepEqual(unquoted, []);
});

/** Flags of other programs that we run or name. */
const FOREIGN = new Set([
  "--target",
  ...["--disable-version-check", "--in-place", "--filename-override", "--input-type"],
  ...["--output-type", "--load-restrictor", "--initial-branch", "--now", "--yaml", "--json"],
  ...["--extra-vars", "--disable-pip-version-check", "--require-hashes", "--socket"],
  ...[
    "--force-reauth",
    "--value",
    "--operator",
    "--export",
    "--name-only",
    "--query-gpu",
    "--format",
  ],
  ...[
    "--accept-routes",
    "--permanent",
    "--zone",
    "--add-interface",
    "--add-source",
    "--reload",
    "--prune",
  ],
  ...["--ignore-daemonsets", "--delete-emptydir-data", "--server", "--peers"],
  ...["--show-cursor", "--reverse", "--cursor", "--after-cursor", "--no-tail"], // journalctl
]);

Deno.test("every flag in a message is one of ours, or of a program that is named", async () => {
  const ours = new Set([
    ...GLOBAL_FLAGS,
    "--help",
    ...commands.flatMap((each) => [...flagsOf(each).keys()]),
  ]);
  const wrong: string[] = [];
  for (const file of await files("src", /\.tsx?$/)) {
    const text = (await Deno.readTextFile(`${PROJECT_ROOT}/${file}`)).replaceAll(
      /^\s*(?:\/?\*|\/\/).*$/gm,
      "",
    );
    for (const [flag] of text.matchAll(/(?<![\w-])--[a-z][a-z-]+(?![\w-])/g)) {
      if (!ours.has(flag) && !FOREIGN.has(flag)) wrong.push(`${file}: ${flag}`);
    }
  }
  assert.deepEqual(wrong, []);
});
