import { renderProblem } from "../../../errors/render_error.ts";
import type { Reading } from "../../../actions/survey.ts";
import type { NodeVolume } from "../../../cluster/read/read_volumes.ts";
import type { Inventory, InventoryHost } from "../../../inventory/model.ts";
import type { Context } from "../../program/context.ts";
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
    const { nodeItem, VOLUME_COLUMNS, volumeItem } = await import(
      "../../../view/tables/inventory_nodes.ts"
    );
    const { settingColumns } = await import("../../../view/tables/settings.ts");
    const content = await openInventory(context, globals.inventory);
    const host = hostNamed(content.inventory, name);
    const variables = effectiveVariables(content, resolveScope(content, host.name));
    const settings = [...variables.values()].map((variable) => settingOf(variable, options));
    const { knownMachine } = await import("../../../actions/hosts/machines.ts");
    const machine = await knownMachine(context, host);
    const volumes = await volumesOn(context, content.inventory, host);
    if (output.structured) {
      return await output.document("Node", {
        ...nodeItem(host),
        variables: settings,
        ...(machine === undefined ? {} : { machine: { seenAt: machine.seenAt, ...machine.facts } }),
        ...(volumes?.known === true ? { volumes: volumes.value.map(volumeItem) } : {}),
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
    if (volumes?.known === false) {
      output.note(`Its volumes could not be read: ${renderProblem(volumes.error)}`);
    } else if (volumes !== undefined && volumes.value.length > 0) {
      const { renderTable } = await import("../../../view/tables/table.ts");
      output.data("\n" + renderTable(VOLUME_COLUMNS, volumes.value, output));
    }
  },
});

/** Milliseconds an answer of the API server may take: the variables are there already. */
const ANSWER_MS = 3_000;

/**
 * Volumes on a host that names directories for them; undefined for another one, whose variables are
 * shown without asking the cluster.
 */
async function volumesOn(
  context: Context,
  inventory: Inventory,
  host: InventoryHost,
): Promise<Reading<readonly NodeVolume[]> | undefined> {
  const { storagePathsOf } = await import("../../../inventory/storage.ts");
  if (storagePathsOf(host).length === 0) return undefined;
  const { surveyCluster } = await import("../../../actions/survey.ts");
  return await surveyCluster(context, {
    inventory,
    choice: { timeoutMs: ANSWER_MS },
    read: async (api) => {
      const { readNodeVolumes } = await import("../../../cluster/read/read_volumes.ts");
      const found = await readNodeVolumes(api, { signal: context.signal });
      return found.filter(({ node }) => node === host.nodeName);
    },
  });
}
