import { argument, defineCommand, option } from "../../program/command.ts";
import { reportChange } from "../../output/change_words.ts";
import { SCOPE_OPTION } from "../../program/options.ts";

/** `config unset`: removes one value. */
export const configUnsetCommand = defineCommand({
  name: "config unset",
  aliases: ["config rm", "config delete"],
  summary: "Remove a variable from the inventory",
  args: [
    argument("<key>", "variable, or a path into one", { completes: "config-key" }),
  ],
  options: {
    scope: SCOPE_OPTION,
    dryRun: option.flag("--dry-run", "show what would change"),
  },
  examples: {
    "k3s-tool config unset reserved_cpu --scope dgx": "stop reserving CPU on dgx",
    "k3s-tool config unset node_labels.workstation --scope dgx":
      "remove one label at the next provision",
  },
  formats: ["table", "json", "yaml"],
  async run(context, { args: [key = ""], options, globals }, output) {
    const { unsetSetting } = await import("../../../actions/config/change_setting.ts");
    const { locateInventory } = await import("../../../inventory/read/locate.ts");
    const { scope, dryRun } = options;
    const file = await locateInventory(context, globals.inventory);
    const change = await unsetSetting(context, key, { file, scope, dryRun });
    await reportChange(output, change, {
      dryRun,
      done: `Removed ${change.key} of ${change.scope} from ${
        change.files.map((each) => each.shown).join(", ")
      }.`,
      extra: { key: change.key, scope: change.scope },
    });
  },
});
