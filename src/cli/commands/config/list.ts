import { defineCommand, option } from "../../program/command.ts";

/** `config list`: everything that is set. */
export const configListCommand = defineCommand({
  name: "config list",
  aliases: ["config ls"],
  summary: "List the variables of the inventory",
  description:
    "Lists the variables that each group and host sets; with --scope, all values that apply " +
    "to that scope. Tokens and passwords are hidden.",
  options: {
    scope: option.text(
      "--scope <scope>",
      "show the values that apply to all, control_plane, workers or a host",
      { completes: "host" },
    ),
    showOrigin: option.flag("--show-origin", "show file, line and column of each value"),
    showSecrets: option.flag("--show-secrets", "show tokens and passwords too"),
  },
  examples: {
    "k3s-tool config list": "list every variable with its scope",
    "k3s-tool config list --scope dgx --show-origin":
      "list all values that apply to dgx, including inherited ones",
  },
  async run(context, { options, globals }, output) {
    const { listSettings } = await import("../../../actions/config/list_settings.ts");
    const { openInventory } = await import("../../../inventory/read/read.ts");
    const { settingColumns } = await import("../../../view/tables/settings.ts");
    const content = await openInventory(context, globals.inventory);
    await output.list({
      kind: "ConfigList",
      rows: listSettings(content, options),
      columns: settingColumns({ origin: options.showOrigin }),
      name: (setting) => setting.key,
      empty: "The inventory sets no variables.",
    });
  },
});
