import { plural } from "../../../errors/safe_text.ts";
import { interruptedError } from "../../../errors/user_error.ts";
import { argument, defineCommand, option } from "../../program/command.ts";
import { reportChange } from "../../output/change_words.ts";
import { Prompter } from "../../output/prompt.ts";
import { ansibleAnswers, PASSWORD_OPTIONS } from "../../program/options.ts";

/** `node remove`: removes a host from the cluster, k3s from the host, then the host from the inventory. */
export const nodeRemoveCommand = defineCommand({
  name: "node remove",
  aliases: ["remove-node", "node rm", "node delete"],
  summary: "Remove machines from the cluster and the inventory",
  description:
    "Drains the node, deletes it and its password secret, removes k3s from the machine, and then " +
    "edits the inventory. Several machines are removed one after the other. If something fails, " +
    "run the command again; it continues from there. If you remove a worker with --force and it " +
    "is switched on later, the cluster rejects it until you add it again.",
  formats: ["table", "wide", "json"],
  args: [
    argument("<hosts...>", "names from the inventory", { completes: "host" }),
  ],
  options: {
    force: option.flag("--force", "the machine is gone: do not contact it"),
    inventoryOnly: option.flag(
      "--inventory-only",
      "edit only the inventory; do not change the cluster",
    ),
    dryRun: option.flag("--dry-run", "show what would change, change nothing"),
    ...PASSWORD_OPTIONS,
  },
  examples: {
    "k3s-tool node remove pi": "ask for the name, then remove the machine",
    "k3s-tool node remove pi --dry-run": "show what would be done",
    "k3s-tool node remove pi nas --yes": "remove two machines without asking",
    "k3s-tool node remove pi --inventory-only":
      "remove a machine that never joined; needs no network",
    "k3s-tool node remove pi --force --yes":
      "remove a machine that no longer exists, without asking",
  },
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
        done: `Removed ${names.join(", ")} from ${shown}. The cluster was not changed.`,
        extra: { hosts: items, ...(items.length === 1 ? { host: items[0] } : {}) },
      });
    }
    if (!dryRun) {
      const whose = plural(names.length, "Its", "Their");
      const agreed = await new Prompter(globals, context).confirmByName({
        message:
          `${whose} workloads are moved to other nodes, and k3s and its data are removed from ${
            options.force ? "the cluster" : names.join(", ")
          }.`,
        name: names.join(" "),
        flag: "--yes",
      });
      if (!agreed) throw interruptedError("The name does not match; nothing was changed");
    }
    const { showRun } = await import("../../output/progress.ts");
    const answers = await ansibleAnswers(options, context, globals);
    for (const [at, removal] of removals.entries()) {
      const { host } = removal;
      const events = removeNode(context, removal, {
        gone: options.force,
        check: dryRun,
        ...answers,
      });
      const resume = lineWithout(names.slice(0, at)) +
        (options.force ? "" : " (with --force if the machine is gone)");
      await showRun(events, { what: `Removing ${host.name}`, resume }, {
        context,
        output,
        globals,
      });
      output.note(
        dryRun
          ? "Nothing was changed."
          : `Removed ${host.name} from the cluster and the inventory.`,
      );
    }
  },
});
