import type { Role } from "../../../inventory/model.ts";
import { commaList } from "../../program/options.ts";
import { defineCommand } from "../../program/command.ts";
import { reportChange } from "../../output/inventory_words.ts";

/** `node add`: one more host in the inventory. */
export const nodeAddCommand = defineCommand({
  name: "node add",
  aliases: ["add-node"],
  summary: "Add a machine to the inventory",
  description:
    "Adds a machine to the inventory. Hostname, Tailscale address and role are enough; the " +
    "address is looked up in the tailnet where it is not given. The file keeps its comments and " +
    "layout. Nothing is changed on the machine itself: that is what `k3s-tool provision` does.",
  args: [
    { syntax: "<host>", description: "name of the machine", completes: "host" },
    { syntax: "[ip]", description: "its Tailscale IPv4 address; default: looked up by name" },
  ],
  options: {
    role: {
      kind: "string",
      flags: "--role <role>",
      description: "what it is in the cluster",
      choices: ["control-plane", "worker"],
    },
    reservedCpu: {
      kind: "string",
      flags: "--reserved-cpu <quantity>",
      description: "processors left to the local user: 2, 500m",
    },
    reservedMemory: {
      kind: "string",
      flags: "--reserved-memory <quantity>",
      description: "memory left to the local user: 4Gi",
    },
    gpu: {
      kind: "flag",
      flags: "--gpu",
      description: "note that it has an NVIDIA GPU (provision does not set GPUs up yet)",
    },
    label: { kind: "list", flags: "--label <k=v>", description: "a node label; may be repeated" },
    labels: { kind: "string", flags: "--labels <k=v,…>", description: "several labels at once" },
    taint: {
      kind: "list",
      flags: "--taint <k=v:effect>",
      description: "a node taint; may be repeated",
    },
    taints: {
      kind: "string",
      flags: "--taints <k=v:effect,…>",
      description: "several taints at once",
    },
    user: { kind: "string", flags: "--user <name>", description: "login name for ssh" },
    dryRun: { kind: "flag", flags: "--dry-run", description: "show what would change" },
  },
  examples: [
    {
      command: "k3s-tool node add pi --role worker",
      does: "looks the address of pi up in the tailnet",
    },
    {
      command: "k3s-tool node add dgx 100.64.0.3 --role worker --gpu --reserved-cpu 4 " +
        "--reserved-memory 8Gi --taint nvidia.com/gpu=true:NoSchedule",
      does: "a GPU workstation that keeps 4 processors and 8 GiB to itself",
    },
    {
      command: "k3s-tool node add nas 100.64.0.7 --role worker --labels disk=hdd,room=cellar " +
        "--dry-run",
      does: "shows the change and writes nothing",
    },
  ],
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
        `${added.host.role}. Next: k3s-tool provision --limit ${name}`,
      extra: { host: nodeItem(added.host) },
    });
  },
});
