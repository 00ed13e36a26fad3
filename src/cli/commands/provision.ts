import { askToInstall } from "../ask_to_install.ts";
import { commaList } from "../comma_list.ts";
import { defineCommand } from "../command.ts";
import { PASSWORD_OPTIONS, passwordFiles } from "../password_options.ts";

/** `provision`: from an inventory to a cluster. */
export const provisionCommand = defineCommand({
  name: "provision",
  summary: "Install k3s on the hosts of the inventory, or bring them up to date",
  description: "Brings every host of the inventory to a working cluster: servers first, workers " +
    "joined, all talking over Tailscale addresses, the kubeconfig on this machine, and, where " +
    "git_repo_url is set, Flux following that repository. A second run changes only what differs. A host that fails does not hold up the others; run it again to go on.",
  formats: ["table", "wide", "json"],
  options: {
    check: {
      kind: "flag",
      flags: "--check",
      description: "change nothing, show what would change",
    },
    dryRun: { kind: "flag", flags: "--dry-run", description: "same as --check" },
    diff: { kind: "flag", flags: "--diff", description: "show changed files line by line" },
    tags: {
      kind: "list",
      flags: "--tags <tags>",
      description: "only these parts: preflight, prerequisites, binary, control_plane, workers, " +
        "node_config, kubeconfig, gitops",
    },
    skipTags: { kind: "list", flags: "--skip-tags <tags>", description: "all but these parts" },
    limit: {
      kind: "list",
      flags: "-l, --limit <hosts>",
      description: "only these hosts or groups",
      completes: "host",
    },
    forks: { kind: "number", flags: "--forks <n>", description: "hosts at once (default 20)" },
    timeout: {
      kind: "number",
      flags: "--timeout <seconds>",
      description: "how long ssh may take to connect (default 10)",
    },
    ...PASSWORD_OPTIONS,
    skipKubeconfig: {
      kind: "flag",
      flags: "--skip-kubeconfig",
      description: "leave ~/.kube/config as it is",
    },
  },
  examples: [
    { command: "k3s-tool provision", does: "everything, with one live line a host" },
    {
      command: "k3s-tool provision --check --diff",
      does: "what would change, without changing it",
    },
    { command: "k3s-tool provision --limit nuc,dgx", does: "two hosts only" },
    {
      command: "k3s-tool provision -o json | jq -r 'select(.type==\"result\") | .host'",
      does: "one event a line, for scripts",
    },
  ],
  async run(context, { options, globals }, output) {
    const { provision } = await import("../../actions/provision.ts");
    const { showRun } = await import("../progress.ts");
    const check = options.check || options.dryRun;
    const events = provision(context, {
      inventory: globals.inventory,
      check,
      diff: options.diff,
      tags: commaList(options.tags, "--tags"),
      skipTags: commaList(options.skipTags, "--skip-tags"),
      limit: commaList(options.limit, "--limit"),
      forks: options.forks,
      connectTimeout: options.timeout,
      passwords: passwordFiles(options, context),
      kubeconfig: !options.skipKubeconfig,
    }, askToInstall(globals, context));
    const words = check
      ? { what: "The check", resume: "k3s-tool provision --check" }
      : { what: "Provisioning", resume: "k3s-tool provision" };
    const state = await showRun(events, words, { context, output, globals });
    const changed = [...state.hosts.values()].reduce((sum, host) => sum + host.changed, 0);
    output.note(
      check
        ? `${changed} changes would be made; nothing was changed.`
        : changed === 0
        ? "Everything was as it should be; nothing was changed."
        : "Done. Look at the cluster with: k3s-tool status",
    );
  },
});
