import { counted } from "../../../errors/safe_text.ts";
import type { ProvisionRequest } from "../../../actions/hosts/provision.ts";
import type { MayI } from "../../../actions/action_system.ts";
import type { Failure, RunState } from "../../../ansible/events/run_state.ts";
import type { RunWords } from "../../../view/runs/run_report.ts";
import type { Show } from "../../output/progress.ts";
import { ansibleAnswers, commaList, PASSWORD_OPTIONS } from "../../program/options.ts";
import { defineCommand, type GlobalOptions, option } from "../../program/command.ts";
import { Prompter } from "../../output/prompt.ts";

/** How the role node_config begins its warning of a host that was renamed. */
export const RENAMED = "This machine used to be the node ";

/** `provision`: makes a cluster of the hosts in an inventory. */
export const provisionCommand = defineCommand({
  name: "provision",
  summary: "Install or update k3s on the hosts of the inventory",
  description:
    "Installs k3s on every host of the inventory, servers first, over Tailscale addresses. " +
    "Then it fetches the kubeconfig to this machine and, if git_repo_url is set, installs Flux " +
    "and syncs from that repository. A second run changes only what differs. A host that fails " +
    "does not hold up the others; run the command again to continue.",
  formats: ["table", "wide", "json"],
  options: {
    check: option.flag("--check", "show what would change, change nothing"),
    dryRun: option.flag("--dry-run", "same as --check"),
    diff: option.flag("--diff", "show the changes in files line by line"),
    tags: option.list(
      "--tags <tags>",
      "run only these parts: preflight, prerequisites, binary, control_plane, workers, " +
        "node_config, gpu, storage, backup, kubeconfig, gitops, notify",
    ),
    skipTags: option.list("--skip-tags <tags>", "skip these parts"),
    limit: option.list("-l, --limit <hosts>", "only these hosts or groups", { completes: "host" }),
    forks: option.number("--forks <n>", "number of hosts in parallel (default 20)"),
    timeout: option.number("--timeout <seconds>", "SSH connect timeout (default 10)"),
    replace: option.list(
      "--replace <hosts>",
      "reinstalled machines: delete their old node and its password, then join " +
        "them again",
      { completes: "host" },
    ),
    removeRenamed: option.flag(
      "--remove-renamed",
      "delete the old nodes of hosts that were renamed in the inventory",
    ),
    ...PASSWORD_OPTIONS,
    skipKubeconfig: option.flag("--skip-kubeconfig", "do not change ~/.kube/config"),
  },
  examples: {
    "k3s-tool provision": "provision all hosts",
    "k3s-tool provision --check --diff": "show what would change, without changing it",
    "k3s-tool provision --limit nuc,dgx": "provision only two hosts",
    "k3s-tool provision --replace pi": "join pi again after it was reinstalled",
    "k3s-tool provision -o json | jq -r 'select(.type==\"result\") | .host'":
      "print one event per line, for scripts",
  },
  async run(context, { options, globals, line }, output) {
    const check = options.check || options.dryRun;
    const { passwords, mayInstall } = await ansibleAnswers(options, context, globals);
    const request = {
      inventory: globals.inventory,
      check,
      diff: options.diff,
      tags: commaList(options.tags, "--tags"),
      skipTags: commaList(options.skipTags, "--skip-tags"),
      limit: commaList(options.limit, "--limit"),
      forks: options.forks,
      connectTimeout: options.timeout,
      passwords,
      kubeconfig: !options.skipKubeconfig,
      replace: commaList(options.replace, "--replace"),
      convert: globals.yes,
      removeRenamed: options.removeRenamed,
    };
    const words = { what: check ? "The check" : "Provisioning", resume: line };
    const state = await provisionAndAsk(request, { words, mayInstall, context, output, globals });
    const changed = [...state.hosts.values()].reduce((sum, host) => sum + host.changed, 0);
    output.note(
      check
        ? `${counted(changed, "change")} would be made; nothing was changed.`
        : changed === 0
        ? "Everything is up to date; nothing was changed."
        : "Done. Show the cluster with: k3s-tool status",
    );
  },
});

/**
 * Provisions and asks about what a run cannot decide by itself.
 *
 * @throws {UserError} see `provision`, and where it did not succeed
 */
export async function provisionAndAsk(
  request: ProvisionRequest,
  { words, mayInstall, ...show }: Show & {
    readonly globals: GlobalOptions;
    readonly words: RunWords;
    readonly mayInstall: MayI;
  },
): Promise<RunState> {
  const { provision } = await import("../../../actions/hosts/provision.ts");
  const { watchRun } = await import("../../output/progress.ts");
  const { runError } = await import("../../../view/runs/run_report.ts");
  const { context, output, globals } = show;
  const run = (request: ProvisionRequest) =>
    watchRun(provision(context, request, mayInstall), show);
  let state = await run(request);
  const prompter = new Prompter(globals, context);
  // --yes alone replaces no node.
  const mayAsk = prompter.canAsk && !globals.yes && !output.structured;
  const answers = mayAsk ? await askAboutFailures(state.failures, prompter) : undefined;
  if (answers !== undefined) {
    state = await run({
      ...request,
      replace: [...request.replace ?? [], ...answers.replace],
      convert: answers.convert,
    });
  }
  const renamed = state.warnings.filter(({ message }) => message.startsWith(RENAMED));
  if (renamed.length > 0 && mayAsk && !request.check) {
    const hosts = renamed.map(({ host }) => host).join(", ");
    const message =
      `${hosts} was renamed in the inventory, but the node with the old name still exists. ` +
      "Delete the old node?";
    if (await prompter.confirm({ message, flag: "--remove-renamed" })) {
      state = await run({ ...request, removeRenamed: true });
    }
  }
  const error = runError(state, words);
  if (error !== undefined) throw error;
  return state;
}

/**
 * What a run cannot decide by itself, by the codes of its failures (`k3s_start`, role
 * `k3s_control_plane`); undefined where there is nothing to ask, or the answer is no.
 */
export async function askAboutFailures(
  failures: readonly Failure[],
  prompter: Pick<Prompter, "confirm">,
): Promise<Required<Pick<ProvisionRequest, "replace" | "convert">> | undefined> {
  const hostsWith = (code: string) => [
    ...new Set(failures.filter((failure) => failure.code === code).map(({ host }) => host)),
  ];
  const replace: string[] = [];
  for (const host of hostsWith("node_password_rejected")) {
    const message = `The cluster has a node ${host} from an earlier installation. Was ${host} ` +
      "reinstalled? If so, the old node is deleted with all data that its pods stored there, and " +
      "the machine joins again.";
    if (await prompter.confirm({ message, flag: `--replace ${host}` })) replace.push(host);
  }
  const joining = hostsWith("conversion_needed").join(", ");
  const convert = joining !== "" && await prompter.confirm({
    message: `The cluster stores its data in SQLite, which supports only one server. To let ` +
      `${joining} join, the data must be migrated to etcd. This cannot be undone. Migrate?`,
    flag: "--yes",
  });
  return replace.length > 0 || convert ? { replace, convert } : undefined;
}
