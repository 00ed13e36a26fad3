import { argument, defineCommand, option } from "../../program/command.ts";
import { SCOPE_OPTION } from "../../program/options.ts";

/** `config get`: one value. */
export const configGetCommand = defineCommand({
  name: "config get",
  aliases: ["config-get"],
  summary: "Print one variable of the inventory",
  description:
    "Prints the value that applies to a scope, by Ansible's precedence: text without control " +
    "characters, maps and lists as JSON; -o json keeps every character. Exits with code 1 if it " +
    "is not set.",
  args: [argument("<key>", "variable, or a path into one", { completes: "config-key" })],
  options: {
    scope: SCOPE_OPTION,
    showOrigin: option.flag("--show-origin", "print file, line and column before the value"),
  },
  examples: {
    "k3s-tool config get k3s_version": "print the k3s release of the cluster",
    "k3s-tool config get reserved_memory --scope dgx --show-origin":
      "print the memory reserved on dgx, and the line that sets it",
    "k3s-tool config get node_labels.workstation --scope dgx": "print one label",
  },
  formats: ["table", "json", "yaml"],
  async run(context, { args: [key = ""], options, globals }, output) {
    const { getSetting } = await import("../../../actions/config/list_settings.ts");
    const { renderPlace } = await import("../../../errors/render_error.ts");
    const { safeLines } = await import("../../../errors/safe_text.ts");
    const { openInventory } = await import("../../../inventory/read/read.ts");
    const { settingText } = await import("../../../view/tables/settings.ts");
    const content = await openInventory(context, globals.inventory);
    const setting = getSetting(content, { key, scope: options.scope });
    if (output.structured) return await output.document("ConfigValue", { ...setting });
    const origin = options.showOrigin ? `${renderPlace(setting.origin)}\t` : "";
    output.data(`${origin}${safeLines(settingText(setting.value))}\n`);
  },
});
