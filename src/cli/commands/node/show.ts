import { argument, defineCommand, option } from "../../program/command.ts";

/** `node show`: all variables of one host and their origins. */
export const nodeShowCommand = defineCommand({
  name: "node show",
  aliases: ["node describe"],
  summary: "Show every variable of one machine and where it comes from",
  args: [argument("<host>", "name of the machine", { completes: "host" })],
  options: {
    showSecrets: option.flag("--show-secrets", "show tokens and passwords too"),
  },
  examples: {
    "k3s-tool node show dgx": "show variables with file and line",
    "k3s-tool node show dgx -o json": "the same as JSON, for scripts",
  },
  formats: ["table", "json", "yaml"],
  async run(context, { args: [name = ""], options, globals }, output) {
    const { settingOf } = await import("../../../actions/config/list_settings.ts");
    const { hostNamed } = await import("../../../inventory/model.ts");
    const { openInventory } = await import("../../../inventory/read/read.ts");
    const { effectiveVariables, resolveScope } = await import("../../../inventory/edit/scope.ts");
    const { nodeItem } = await import("../../../view/tables/inventory_nodes.ts");
    const { settingColumns } = await import("../../../view/tables/settings.ts");
    const content = await openInventory(context, globals.inventory);
    const host = hostNamed(content.inventory, name);
    const variables = effectiveVariables(content, resolveScope(content, host.name));
    const settings = [...variables.values()].map((variable) => settingOf(variable, options));
    const { knownMachine } = await import("../../../actions/hosts/machines.ts");
    const machine = await knownMachine(context, host);
    if (output.structured) {
      return await output.document("Node", {
        ...nodeItem(host),
        variables: settings,
        ...(machine === undefined ? {} : { machine: { seenAt: machine.seenAt, ...machine.facts } }),
      });
    }
    const at = host.where.line === undefined ? "" : `, line ${host.where.line}`;
    output.note(`${host.name} is a ${host.role} host (${host.where.file}${at}).`);
    if (machine !== undefined) {
      const { machineText } = await import("../../../view/tables/machines.ts");
      output.note(`${machineText(machine, context.clock.now())}.`);
    }
    await output.list({
      kind: "Node",
      rows: settings,
      columns: settingColumns({ origin: true }),
      name: (setting) => setting.key,
      empty: `${host.name} has no variables.`,
    });
  },
});
