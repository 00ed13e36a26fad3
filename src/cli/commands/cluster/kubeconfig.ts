import type { RunEvent } from "../../../ansible/events/event.ts";
import { defineCommand, option } from "../../program/command.ts";
import { jsonText, type Output } from "../../output/output.ts";
import { ansibleAnswers, PASSWORD_OPTIONS } from "../../program/options.ts";

/** `kubeconfig`: access to the cluster for kubectl and other clients. */
export const kubeconfigCommand = defineCommand({
  name: "kubeconfig",
  summary: "Merge the cluster into your kubeconfig, or print it",
  description: "Fetches the kubeconfig from the control plane and merges it into KUBECONFIG or " +
    "~/.kube/config as a context named after the cluster. Other entries stay, and a backup of the " +
    "old file is kept next to it (the newest three). If kubectl has a current context, it does not " +
    "change. A context with this name for another cluster is replaced only with --force.",
  formats: ["table", "json", "yaml"],
  options: {
    print: option.flag("--print", "print the kubeconfig, change no file"),
    stored: option.flag(
      "--stored",
      "use the kubeconfig that the last run fetched; contacts no host",
    ),
    context: option.text(
      "--context <name>",
      "name of the context (default: the inventory's cluster_name)",
    ),
    kubeconfig: option.text(
      "--kubeconfig <file>",
      "file to merge into (default: KUBECONFIG, then ~/.kube/config)",
      { completes: "file" },
    ),
    setCurrent: option.flag("--set-current", "make the context kubectl's current context"),
    ...PASSWORD_OPTIONS,
    force: option.flag("--force", "replace a context with this name, even for another cluster"),
  },
  examples: {
    "k3s-tool kubeconfig": "then run: kubectl --context homelab get nodes",
    "k3s-tool kubeconfig --set-current": "then run: kubectl get nodes",
    "k3s-tool kubeconfig --print > homelab.yaml": "write it to a separate file",
  },
  async run(context, { options, globals, line }, output) {
    const { readStoredKubeconfig } = await import("../../../actions/hosts/kubeconfig.ts");
    const { openInventory } = await import("../../../inventory/read/read.ts");
    const { inventory } = await openInventory(context, globals.inventory);
    if (!options.stored) {
      const answers = await ansibleAnswers(options, context, globals);
      const { fetchKubeconfig } = await import("../../../actions/hosts/kubeconfig.ts");
      const events = fetchKubeconfig(context, { inventory, ...answers });
      await showQuietly(events, { line, now: context.clock.now, output });
    }
    const text = await readStoredKubeconfig(context, inventory);
    const contextName = options.context ?? inventory.cluster.clusterName;
    const { force, setCurrent, kubeconfig } = options;
    if (options.print) return await print(text, { contextName, output });
    const { installKubeconfig, kubectlOn } = await import("../../../actions/hosts/kubeconfig.ts");
    const done = await installKubeconfig(context, text, {
      contextName,
      force,
      setCurrent,
      kubeconfig,
    });
    if (output.structured) {
      const { replaced: _, advice: __, ...document } = done;
      return await output.document("KubeconfigMerge", {
        ...document,
        backup: done.backup ?? null,
      });
    }
    output.note(
      done.changed
        ? `Wrote the context ${done.context} to ${done.file}.`
        : `The context ${done.context} in ${done.file} is up to date; nothing was changed.`,
    );
    if (done.backup !== undefined) output.note(`The old file is now ${done.backup}.`);
    if (done.advice !== undefined) output.note(done.advice);
    output.note(
      `Try: ${kubectlOn(kubeconfig)} ${
        done.isCurrent ? "" : `--context ${done.context} `
      }get nodes`,
    );
  },
});

async function print(
  text: string,
  { contextName, output }: { readonly contextName: string; readonly output: Output },
): Promise<void> {
  const { standaloneKubeconfig } = await import("../../../kubeconfig/merge.ts");
  const yaml = standaloneKubeconfig(text, { contextName });
  if (output.format !== "json") return output.data(yaml);
  const { parse } = await import("yaml");
  output.data(jsonText(parse(yaml)));
}

/** Shows a run without its tables, because stdout is for the kubeconfig. */
async function showQuietly(
  events: AsyncIterable<RunEvent>,
  { line, now, output }: {
    readonly line: string;
    readonly now: () => number;
    readonly output: Output;
  },
): Promise<void> {
  const { INITIAL_RUN, reduceRun } = await import("../../../ansible/events/run_state.ts");
  const { say } = await import("../../output/progress.ts");
  const { runError } = await import("../../../view/runs/run_report.ts");
  let state = INITIAL_RUN;
  for await (const event of events) {
    state = reduceRun(state, event, now());
    say(event, output);
  }
  for (const { host, message } of state.failures) output.warn(`${host}: ${message}`);
  const error = runError(state, { what: "Fetching the kubeconfig", resume: line });
  if (error !== undefined) throw error;
}
