import { interruptedError } from "../../errors/user_error.ts";
import { askToInstall } from "../ask_to_install.ts";
import { defineCommand } from "../command.ts";
import { reportChange } from "../inventory_words.ts";
import { Prompter } from "../prompt.ts";
import { PASSWORD_OPTIONS, passwordsOf } from "../password_options.ts";

/** `node remove`: out of the cluster, off the host, out of the inventory, in this order. */
export const nodeRemoveCommand = defineCommand({
  name: "node remove",
  aliases: ["remove-node"],
  summary: "Take a machine out of the cluster and the inventory",
  description:
    "Drains the node, deletes it and its password secret, removes k3s from the machine " +
    "and edits the inventory last. Whatever fails on the way, calling it again goes on from there.",
  formats: ["table", "wide", "json"],
  args: [
    { syntax: "<host>", description: "name in the inventory", completes: "host" },
  ],
  options: {
    force: {
      kind: "flag",
      flags: "--force",
      description: "the machine is gone: do nothing on it",
    },
    inventoryOnly: {
      kind: "flag",
      flags: "--inventory-only",
      description: "edit the inventory alone; a node of the cluster stays as it is",
    },
    dryRun: {
      kind: "flag",
      flags: "--dry-run",
      description: "change nothing, show what would change",
    },
    ...PASSWORD_OPTIONS,
  },
  examples: [
    { command: "k3s-tool node remove pi", does: "asks for the name again, then removes it" },
    { command: "k3s-tool node remove pi --dry-run", does: "what would be done" },
    {
      command: "k3s-tool node remove pi --inventory-only",
      does: "a machine that never became a node; needs no network",
    },
    {
      command: "k3s-tool node remove pi --force --yes",
      does: "a machine that no longer exists, without asking",
    },
  ],
  async run(context, { args: [name = ""], options, globals }, output) {
    const { planRemoval, removeNode } = await import("../../actions/remove_node.ts");
    const { showRun } = await import("../progress.ts");
    const removal = await planRemoval(context, { inventory: globals.inventory, host: name });
    const { host } = removal;
    if (options.inventoryOnly) {
      const { removeFromInventory } = await import("../../actions/remove_node.ts");
      const { nodeItem } = await import("../../view/inventory_nodes.ts");
      const { dryRun } = options;
      const change = await removeFromInventory(context, removal, { dryRun });
      const shown = change.files.map((file) => file.shown).join(", ");
      return await reportChange(output, change, {
        dryRun,
        done: `Removed ${host.name} from ${shown}. The cluster was not asked.`,
        extra: { host: nodeItem(host) },
      });
    }
    if (!options.dryRun) {
      const agreed = await new Prompter(globals, context).confirmByName({
        message: `Its workloads move to other nodes, and k3s with its data is removed from ${
          options.force ? "the cluster" : host.name
        }.`,
        name: host.name,
        flag: "--yes",
      });
      if (!agreed) throw interruptedError("That is not its name; nothing was changed");
    }
    const events = removeNode(context, removal, {
      gone: options.force,
      check: options.dryRun,
      passwords: await passwordsOf(options, context, globals),
      mayInstall: askToInstall(globals, context),
    });
    const resume = `k3s-tool node remove ${host.name}` + (options.dryRun ? " --dry-run" : "") +
      (options.force ? " --force" : ` (with --force where the machine is gone)`);
    await showRun(events, { what: `Removing ${host.name}`, resume }, { context, output, globals });
    output.note(
      options.dryRun
        ? "Nothing was changed."
        : `${host.name} is out of the cluster and the inventory.`,
    );
  },
});
