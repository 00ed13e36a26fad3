import { plural } from "../../../errors/safe_text.ts";
import { interruptedError } from "../../../errors/user_error.ts";
import { askToInstall } from "../../output/ask_to_install.ts";
import { defineCommand } from "../../program/command.ts";
import { reportChange } from "../../output/inventory_words.ts";
import { Prompter } from "../../output/prompt.ts";
import { PASSWORD_OPTIONS, passwordsOf } from "../../program/password_options.ts";

/** `node remove`: out of the cluster, off the host, out of the inventory, in this order. */
export const nodeRemoveCommand = defineCommand({
  name: "node remove",
  aliases: ["remove-node", "node rm", "node delete"],
  summary: "Take machines out of the cluster and the inventory",
  description:
    "Drains the node, deletes it and its password secret, removes k3s from the machine " +
    "and edits the inventory last; several machines one after the other. Whatever fails on the way, calling it again goes on from there. " +
    "A worker that --force removes is refused by the cluster from then on, should it be switched on, until it is added again.",
  formats: ["table", "wide", "json"],
  args: [
    { syntax: "<hosts...>", description: "names in the inventory", completes: "host" },
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
    { command: "k3s-tool node remove pi nas --yes", does: "two machines, without asking" },
    {
      command: "k3s-tool node remove pi --inventory-only",
      does: "a machine that never became a node; needs no network",
    },
    {
      command: "k3s-tool node remove pi --force --yes",
      does: "a machine that no longer exists, without asking",
    },
  ],
  async run(context, { args, options, globals, lineWithout }, output) {
    const { planRemovals, removeFromInventory, removeNode } = await import(
      "../../../actions/hosts/remove_node.ts"
    );
    const { dryRun } = options;
    const removals = await planRemovals(context, { inventory: globals.inventory, hosts: args });
    const names = removals.map(({ host }) => host.name);
    if (options.inventoryOnly) {
      const { nodeItem } = await import("../../../view/tables/inventory_nodes.ts");
      const { inventory } = removals[0]!;
      const change = await removeFromInventory(context, { inventory, names }, { dryRun });
      const shown = change.files.map((file) => file.shown).join(", ");
      const items = removals.map(({ host }) => nodeItem(host));
      return await reportChange(output, change, {
        dryRun,
        done: `Removed ${names.join(", ")} from ${shown}. The cluster was not asked.`,
        extra: { hosts: items, ...(items.length === 1 ? { host: items[0] } : {}) },
      });
    }
    if (!dryRun) {
      const whose = plural(names.length, "Its", "Their");
      const agreed = await new Prompter(globals, context).confirmByName({
        message: `${whose} workloads move to other nodes, and k3s with its data is removed from ${
          options.force ? "the cluster" : names.join(", ")
        }.`,
        name: names.join(" "),
        flag: "--yes",
      });
      if (!agreed) throw interruptedError("That is not its name; nothing was changed");
    }
    const { showRun } = await import("../../output/progress.ts");
    const passwords = await passwordsOf(options, context, globals);
    for (const [at, removal] of removals.entries()) {
      const { host } = removal;
      const events = removeNode(context, removal, {
        gone: options.force,
        check: dryRun,
        passwords,
        mayInstall: askToInstall(globals, context),
      });
      const resume = lineWithout(names.slice(0, at)) +
        (options.force ? "" : " (with --force where the machine is gone)");
      await showRun(events, { what: `Removing ${host.name}`, resume }, {
        context,
        output,
        globals,
      });
      output.note(
        dryRun ? "Nothing was changed." : `${host.name} is out of the cluster and the inventory.`,
      );
    }
  },
});
