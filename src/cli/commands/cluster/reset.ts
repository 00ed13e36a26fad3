import { counted } from "../../../errors/safe_text.ts";
import { interruptedError } from "../../../errors/user_error.ts";
import { ansibleAnswers, commaList, PASSWORD_OPTIONS } from "../../program/options.ts";
import { defineCommand, option } from "../../program/command.ts";
import { Prompter } from "../../output/prompt.ts";

/** `reset`: removes k3s from the hosts. */
export const resetCommand = defineCommand({
  name: "reset",
  summary: "Remove k3s from the hosts, and delete the cluster and its data",
  description:
    "Removes k3s and everything that it created from every host. Tailscale and its firewall " +
    "rules, everything else on the hosts, and the inventory stay as they are.",
  formats: ["table", "wide", "json"],
  options: {
    limit: option.list("-l, --limit <hosts>", "only these hosts or groups", { completes: "host" }),
    dryRun: option.flag("--dry-run", "show what would change, change nothing"),
    ...PASSWORD_OPTIONS,
  },
  examples: {
    "k3s-tool reset": "ask for the name of the cluster, then remove it",
    "k3s-tool reset --dry-run": "show what would be removed",
    "k3s-tool reset --limit pi --yes": "reset one host without asking",
  },
  async run(context, { options, globals, line }, output) {
    const { planReset, reset } = await import("../../../actions/hosts/reset.ts");
    const { showRun } = await import("../../output/progress.ts");
    const { sharesDatabase } = await import("../../../inventory/model.ts");
    const limit = commaList(options.limit, "--limit");
    const inventory = await planReset(context, { inventory: globals.inventory, limit });
    if (!options.dryRun) {
      const where = limit.length === 0 ? counted(inventory.hosts.length, "host") : limit.join(", ");
      const agreed = await new Prompter(globals, context).confirmByName({
        message: `This removes k3s and all data of its pods from ${where}.`,
        name: inventory.cluster.clusterName,
        flag: "--yes",
      });
      if (!agreed) throw interruptedError("The name does not match; nothing was changed");
    }
    const events = reset(context, inventory, {
      limit,
      check: options.dryRun,
      ...await ansibleAnswers(options, context, globals),
    });
    const what = options.dryRun ? "The dry run" : "The reset";
    await showRun(events, { what, resume: line }, { context, output, globals });
    output.note(options.dryRun ? "Nothing was changed." : "k3s was removed.");
    if (limit.length === 0 && sharesDatabase(inventory.cluster)) {
      output.note(
        "The cluster's data is still in its database (datastore_endpoint_file). Empty it before " +
          "you create a new cluster with it.",
      );
    }
  },
});
