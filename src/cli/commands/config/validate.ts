import { counted } from "../../../errors/safe_text.ts";
import { ExitCode } from "../../../errors/user_error.ts";
import { defineCommand } from "../../program/command.ts";

/** `config validate`: all problems of the inventory. */
export const configValidateCommand = defineCommand({
  name: "config validate",
  summary: "Check the inventory and its group_vars and host_vars",
  description:
    "Reports every problem with file, line, column, value and what is expected. Exits with " +
    "code 2 if there are problems. Reads only files; does not contact Tailscale or the hosts.",
  examples: {
    "k3s-tool config validate": "check the nearest inventory",
    "k3s-tool config validate -i staging/hosts.yml -o json":
      "print problems as JSON, for an editor or CI",
  },
  formats: ["table", "json", "yaml"],
  async run(context, { globals }, output) {
    const { renderProblem } = await import("../../../errors/render_error.ts");
    const { InventoryFiles } = await import("../../../inventory/read/inventory_files.ts");
    const { locateInventory } = await import("../../../inventory/read/locate.ts");
    const { hostsOf } = await import("../../../inventory/model.ts");
    const { checkInventory, invalidInventory } = await import("../../../inventory/read/read.ts");
    const file = await locateInventory(context, globals.inventory);
    const { inventory, problems, warnings } = await checkInventory(file, { cwd: context.cwd });
    const valid = problems.length === 0;
    if (output.structured) {
      const body = { file, valid, hosts: inventory?.hosts.length ?? 0, problems, warnings };
      await output.document("InventoryCheck", body);
      return valid ? ExitCode.Done : ExitCode.Usage;
    }
    for (const warning of warnings) output.warn(renderProblem(warning));
    const shown = new InventoryFiles({ cwd: context.cwd }).show(file);
    if (!valid || inventory === undefined) throw invalidInventory(shown, problems);
    const [servers, workers] = (["control-plane", "worker"] as const)
      .map((role) => hostsOf(inventory, role).length);
    output.note(
      `${shown} is valid: ${counted(servers ?? 0, "server")}, ${counted(workers ?? 0, "worker")}.`,
    );
  },
});
