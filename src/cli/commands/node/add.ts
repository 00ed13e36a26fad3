import { shellWord } from "../../../errors/shell_word.ts";
import type { Role } from "../../../inventory/model.ts";
import { commaList } from "../../program/options.ts";
import { argument, defineCommand, option } from "../../program/command.ts";
import { reportChange } from "../../output/change_words.ts";

/** `node add`: adds a host to the inventory. */
export const nodeAddCommand = defineCommand({
  name: "node add",
  aliases: ["add-node"],
  summary: "Add a machine to the inventory",
  description:
    "Adds a machine to the inventory. It needs a hostname, a Tailscale address and a role; " +
    "without an address, k3s-tool looks it up in the tailnet. The file keeps its comments and " +
    "layout. The machine itself is not changed; `k3s-tool provision` does that.",
  args: [
    argument("<host>", "name of the machine", { completes: "host" }),
    argument("[ip]", "its Tailscale IPv4 address (default: looked up by name)"),
  ],
  options: {
    role: option.text("--role <role>", "role in the cluster", {
      choices: ["control-plane", "worker"],
    }),
    reservedCpu: option.text(
      "--reserved-cpu <quantity>",
      "CPU reserved for the local user, such as 2 or 500m",
    ),
    reservedMemory: option.text(
      "--reserved-memory <quantity>",
      "memory reserved for the local user, such as 4Gi",
    ),
    gpu: option.flag(
      "--gpu",
      "let pods use its NVIDIA GPU (default: where provision finds one with a driver)",
    ),
    label: option.list("--label <k=v>", "node label; repeatable"),
    labels: option.text("--labels <k=v,…>", "several node labels"),
    taint: option.list("--taint <k=v:effect>", "node taint; repeatable"),
    taints: option.text("--taints <k=v:effect,…>", "several node taints"),
    user: option.text("--user <name>", "SSH user"),
    dryRun: option.flag("--dry-run", "show what would change"),
  },
  examples: {
    "k3s-tool node add pi --role worker": "look up pi's address in the tailnet and add it",
    "k3s-tool node add dgx 100.64.0.3 --role worker --gpu --reserved-cpu 4 --reserved-memory 8Gi --taint nvidia.com/gpu=true:NoSchedule":
      "add a GPU workstation with 4 CPUs and 8 GiB reserved for its user",
    "k3s-tool node add nas 100.64.0.7 --role worker --labels disk=hdd,room=cellar --dry-run":
      "show the change, write nothing",
  },
  formats: ["table", "json", "yaml"],
  async run(context, { args, options, globals }, output) {
    const { addNode } = await import("../../../actions/hosts/add_node.ts");
    const { locateInventory } = await import("../../../inventory/read/locate.ts");
    const { nodeItem } = await import("../../../view/tables/inventory_nodes.ts");
    const [name = "", address] = args;
    const file = await locateInventory(context, globals.inventory);
    const { label, labels, taint, taints, dryRun, ...rest } = options;
    const node = {
      ...rest,
      name,
      address,
      role: options.role as Role | undefined,
      labels: [...label, ...commaList(labels === undefined ? [] : [labels], "--labels")],
      taints: [...taint, ...commaList(taints === undefined ? [] : [taints], "--taints")],
    };
    const added = await addNode(context, node, { file, dryRun });
    await reportChange(output, added, {
      dryRun,
      done: `Added ${name} (${added.host.tailscaleIp}) to ${added.files[0]?.shown} as ` +
        `${added.host.role}. Next: k3s-tool provision --limit ${shellWord(name)}`,
      extra: { host: nodeItem(added.host) },
    });
  },
});
