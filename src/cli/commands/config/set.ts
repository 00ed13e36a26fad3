import { usageError } from "../../../errors/user_error.ts";
import { VALUE_TYPES, type ValueType } from "../../../inventory/model.ts";
import { argument, defineCommand, option } from "../../program/command.ts";
import type { InputStream } from "../../program/context.ts";
import { reportChange } from "../../output/change_words.ts";
import { SCOPE_OPTION } from "../../program/options.ts";

/** `config set`: one value. */
export const configSetCommand = defineCommand({
  name: "config set",
  aliases: ["config-set"],
  summary: "Set a variable of the inventory",
  description:
    "Changes a variable in the file that sets it (group_vars/, host_vars/ or the inventory); a " +
    "new variable goes into the inventory. Comments and layout stay. The result is validated " +
    "before anything is written.",
  args: [
    argument("<key>", "variable, or a path into one", { completes: "config-key" }),
    argument("<value>", "new value; - reads it from stdin, for secrets"),
  ],
  options: {
    scope: SCOPE_OPTION,
    type: option.text("--type <type>", "type of the value (default: the type of the variable)", {
      choices: VALUE_TYPES,
    }),
    dryRun: option.flag("--dry-run", "show what would change"),
  },
  examples: {
    "k3s-tool config set k3s_version v1.35.6+k3s1": "set the k3s release for the next provision",
    "k3s-tool config set reserved_memory 8Gi --scope dgx": "reserve 8 GiB on dgx",
    "k3s-tool config set ansible_become_password - --scope pi < password.txt":
      "set a secret; as an argument, every user of this machine could read it",
    'k3s-tool config set node_taints \'[{"key": "gpu", "effect": "NoSchedule"}]\' --scope workers --type json':
      "set a list in JSON syntax",
  },
  formats: ["table", "json", "yaml"],
  async run(context, { args: [key = "", given = ""], options, globals }, output) {
    const { setSetting } = await import("../../../actions/config/change_setting.ts");
    const { locateInventory } = await import("../../../inventory/read/locate.ts");
    const { scope, dryRun } = options;
    const file = await locateInventory(context, globals.inventory);
    const text = given === "-" ? await fromStdin(context.stdin) : given;
    const type = options.type as ValueType | undefined;
    const change = await setSetting(context, { key, text, type }, { file, scope, dryRun });
    await reportChange(output, change, {
      dryRun,
      done: `Set ${change.key} for ${change.scope} in ${change.files[0]?.shown}.`,
      extra: { key: change.key, scope: change.scope },
    });
  },
});

/** What is given on a pipe, without the last line break. */
async function fromStdin(stdin: InputStream): Promise<string> {
  if (stdin.isTerminal) {
    throw usageError("There is no value on stdin", {
      hint: "Pipe the value in: k3s-tool config set KEY - < FILE",
    });
  }
  const text = (await stdin.readAll()).replace(/\r?\n$/, "");
  if (text === "") {
    throw usageError("There is no value on stdin; nothing was written", {
      hint: "Check the command before the pipe. To set an empty value: k3s-tool config set KEY ''",
    });
  }
  return text;
}
