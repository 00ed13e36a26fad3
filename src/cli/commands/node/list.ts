import { defineCommand } from "../../program/command.ts";

/** `node list`: the hosts of the inventory. */
export const nodeListCommand = defineCommand({
  name: "node list",
  aliases: ["node ls", "node get"],
  summary: "List the machines of the inventory",
  description: "Lists the machines of the inventory, whether they are provisioned or not. " +
    "Does not contact Tailscale or the cluster; to see their state, run `k3s-tool status`.",
  examples: {
    "k3s-tool node list": "list roles, addresses, reservations, labels and taints",
    "k3s-tool node list -o name": "list only names, one per line",
    "k3s-tool node list -o json | jq -r '.items[] | select(.gpu) | .name'":
      "list machines with a GPU",
  },
  async run(context, { globals }, output) {
    // In parallel, to start some milliseconds faster.
    const [{ openInventory }, { NODE_COLUMNS, nodeItem }, { renderProblem }] = await Promise.all([
      import("../../../inventory/read/read.ts"),
      import("../../../view/tables/inventory_nodes.ts"),
      import("../../../errors/render_error.ts"),
    ]);
    const { hosts, warnings } = (await openInventory(context, globals.inventory)).inventory;
    for (const warning of warnings) output.detail(renderProblem(warning));
    await output.list({
      kind: "NodeList",
      rows: hosts,
      columns: NODE_COLUMNS,
      name: (host) => host.name,
      item: nodeItem,
      empty: "The inventory has no machines yet. Add one: k3s-tool node add HOST --role worker",
    });
  },
});
