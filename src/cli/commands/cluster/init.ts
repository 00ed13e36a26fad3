import { renderProblem } from "../../../errors/render_error.ts";
import { counted } from "../../../errors/safe_text.ts";
import { shellWord } from "../../../errors/shell_word.ts";
import { UserError } from "../../../errors/user_error.ts";
import { defineCommand, option } from "../../program/command.ts";
import { reportChange } from "../../output/change_words.ts";

/** `init`: the first inventory. */
export const initCommand = defineCommand({
  name: "init",
  summary: "Choose machines and write an inventory",
  description:
    "Writes a commented inventory. At a terminal, it lists the machines of your tailnet and asks " +
    "which to use; then it offers to look at them over ssh and suggests settings, as " +
    "`k3s-tool node detect` does. With --control-plane it does not ask, for use in scripts. It " +
    "changes no machine; `k3s-tool provision` does.",
  options: {
    controlPlane: option.list(
      "--control-plane <host[=ip]>",
      "control-plane machine; without an address, looked up in the tailnet; repeatable",
    ),
    worker: option.list(
      "--worker <host[=ip]>",
      "worker machine; without an address, looked up in the tailnet; repeatable",
    ),
    from: option.text(
      "--from <path>",
      "take the machines from an Ansible inventory (such as k3s-ansible's), a k3sup plan or " +
        "k0sctl.yaml",
      { completes: "file" },
    ),
    clusterName: option.text("--cluster-name <name>", "name of the cluster (default: homelab)"),
    k3sVersion: option.text("--k3s-version <version>", "k3s release, such as v1.36.3+k3s1"),
    tailscaleNetwork: option.text(
      "--tailscale-network <cidr>",
      "network of the Tailscale addresses (default: 100.64.0.0/10)",
    ),
    user: option.text("--user <name>", "SSH user"),
    gitRepo: option.text("--git-repo <url>", "Git repository for Flux"),
    gitBranch: option.text("--git-branch <name>", "branch for Flux"),
    gitPath: option.text("--git-path <path>", "path in the repository that Flux applies"),
    set: option.list(
      "--set <key=value>",
      "set a variable for all hosts, or for one with HOST:key=value; repeatable",
    ),
    force: option.flag("--force", "replace an existing inventory"),
    dryRun: option.flag("--dry-run", "print the file, write nothing"),
  },
  examples: {
    "k3s-tool init": "choose machines and write inventory/hosts.yml",
    "k3s-tool init --control-plane nuc=100.64.0.1 --worker dgx=100.64.0.3 --cluster-name homelab --user me":
      "the same from a script",
    "k3s-tool init --control-plane nuc --worker pi --set pi:reserved_memory=512Mi":
      "look up the addresses; reserve 512 MiB on pi",
    "k3s-tool init --from k3s-ansible/inventory.yml --dry-run":
      "take the machines of another tool's inventory, write nothing",
  },
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
      const message = `${file} already exists. Replace it?`;
      const mayAsk = prompter.canAsk || globals.yes;
      overwrite = mayAsk && await prompter.confirm({ message, flag: "--force" });
      // Before any other question, so that no answer is wasted.
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
    const named = options.controlPlane.length + options.worker.length > 0 ||
      options.from !== undefined;
    if (named || dryRun || output.structured || !prompter.canAsk) return;
    // Whoever answered the questions is still there to choose from what the machines suggest.
    const look = await prompter.confirm({
      message: "Look at the machines over ssh now, and suggest settings for them?",
      flag: "--no-input",
      initial: true,
    });
    if (!look) return;
    const { nodeDetectCommand } = await import("../node/detect.ts");
    const where = globals.inventory === undefined ? [] : ["-i", shellWord(globals.inventory)];
    const line = ["k3s-tool node detect", ...where].join(" ");
    try {
      await nodeDetectCommand.run(context, {
        args: [],
        options: {
          apply: false,
          askBecomePass: false,
          becomePasswordFile: undefined,
          vaultPasswordFile: undefined,
        },
        globals: { ...globals, inventory: file },
        line,
        lineWithout: () => line,
      }, output);
    } catch (error) {
      if (!(error instanceof UserError) || error.exitCode === 130) throw error;
      // The inventory is written all the same.
      const then = `Look again later: ${line}`;
      output.warn([`${renderProblem(error)}.`, error.hint, then].filter(Boolean).join(" "));
    }
  },
});
