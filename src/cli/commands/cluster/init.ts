import { counted } from "../../../errors/safe_text.ts";
import { defineCommand } from "../../program/command.ts";
import { reportChange } from "../../output/inventory_words.ts";

/** `init`: the first inventory. */
export const initCommand = defineCommand({
  name: "init",
  summary: "Choose machines and write an inventory",
  description:
    "Writes a commented inventory. At a terminal it asks, with the machines of the tailnet to " +
    "choose from; with --control-plane it asks nothing, for scripts. Nothing is changed on any " +
    "machine: that is what `k3s-tool provision` does.",
  options: {
    controlPlane: {
      kind: "list",
      flags: "--control-plane <host[=ip]>",
      description: "a machine for the control plane; address looked up if left out; repeatable",
    },
    worker: {
      kind: "list",
      flags: "--worker <host[=ip]>",
      description: "a worker; address looked up if left out; repeatable",
    },
    clusterName: {
      kind: "string",
      flags: "--cluster-name <name>",
      description: "name of the cluster (default: homelab)",
    },
    k3sVersion: {
      kind: "string",
      flags: "--k3s-version <version>",
      description: "release of k3s, such as v1.36.3+k3s1",
    },
    tailscaleNetwork: {
      kind: "string",
      flags: "--tailscale-network <cidr>",
      description: "network of the addresses (default: 100.64.0.0/10)",
    },
    user: { kind: "string", flags: "--user <name>", description: "login name for ssh" },
    gitRepo: { kind: "string", flags: "--git-repo <url>", description: "repository for Flux" },
    gitBranch: { kind: "string", flags: "--git-branch <name>", description: "its branch" },
    gitPath: { kind: "string", flags: "--git-path <path>", description: "path Flux follows" },
    set: {
      kind: "list",
      flags: "--set <key=value>",
      description: "any variable of all hosts, or HOST:key=value; repeatable",
    },
    force: { kind: "flag", flags: "--force", description: "replace an inventory that is there" },
    dryRun: { kind: "flag", flags: "--dry-run", description: "show the file and write nothing" },
  },
  examples: [
    { command: "k3s-tool init", does: "asks, and writes inventory/hosts.yml" },
    {
      command: "k3s-tool init --control-plane nuc=100.64.0.1 --worker dgx=100.64.0.3 " +
        "--cluster-name homelab --user me",
      does: "the same from a script",
    },
    {
      command: "k3s-tool init --control-plane nuc --worker pi --set pi:reserved_memory=512Mi",
      does: "looks the addresses up; pi keeps 512 MiB to itself",
    },
  ],
  formats: ["table", "json", "yaml"],
  async run(context, { options, globals }, output) {
    const { existsError, initInventory, inventoryExists } = await import(
      "../../../actions/config/init_inventory.ts"
    );
    const { initRequest } = await import("../../init/init_request.ts");
    const { Prompter } = await import("../../output/prompt.ts");
    const { nodeItem } = await import("../../../view/tables/inventory_nodes.ts");
    const { NEW_INVENTORY } = await import("../../../inventory/read/locate.ts");
    const { resolve } = await import("node:path");
    const file = resolve(context.cwd, globals.inventory ?? NEW_INVENTORY);
    const prompter = new Prompter(globals, context);
    let overwrite = options.force || options.dryRun;
    if (!overwrite && await inventoryExists(file)) {
      const message = `${file} is there already. Replace it?`;
      const mayAsk = prompter.canAsk || globals.yes;
      overwrite = mayAsk && await prompter.confirm({ message, flag: "--force" });
      // Before any other question: answers that lead nowhere are nobody's pleasure.
      if (!overwrite) throw existsError(file);
    }
    const request = await initRequest(context, options, { prompter, output });
    const { dryRun } = options;
    const outcome = await initInventory(context, request, { file, overwrite, dryRun });
    await reportChange(output, outcome, {
      dryRun,
      done:
        `Wrote ${outcome.files[0]?.shown} with ${
          counted(outcome.inventory.hosts.length, "machine")
        }. ` +
        "Next: k3s-tool provision",
      extra: { hosts: outcome.inventory.hosts.map(nodeItem) },
    });
  },
});
