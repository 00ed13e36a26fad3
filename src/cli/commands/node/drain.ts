import { ExitCode, interruptedError } from "../../../errors/user_error.ts";
import { CLUSTER_OPTIONS, clusterChoice } from "../../program/options.ts";
import { argument, defineCommand, option } from "../../program/command.ts";
import { Prompter } from "../../output/prompt.ts";

/** Default time that pods have to leave, in seconds. */
const WAIT = 300;

/** `node cordon`: keeps new pods away. */
export const nodeCordonCommand = nodeChangeCommand("cordon", {
  summary: "Keep new pods away from nodes",
  description: "Pods that run on the node stay. `node uncordon` reverses this.",
  examples: {
    "k3s-tool node cordon pi": "no new pods are scheduled on pi",
    "k3s-tool node cordon pi nas": "the same for two nodes",
  },
});

/** `node uncordon`: lets pods come again. */
export const nodeUncordonCommand = nodeChangeCommand("uncordon", {
  summary: "Let nodes take pods again",
  description: "Pods that left the node come back only when they are recreated.",
  examples: {
    "k3s-tool node uncordon pi": "pi takes pods again",
    "k3s-tool node uncordon pi nas": "the same for two nodes",
  },
});

/** `node drain`: moves the pods away. */
export const nodeDrainCommand = nodeChangeCommand("drain", {
  summary: "Move all pods away from nodes, before you work on them",
  description: "Cordons the node and evicts its pods, as `kubectl drain --ignore-daemonsets " +
    "--delete-emptydir-data --force` does. Disruption budgets are respected. Several nodes are " +
    "drained one after the other; the first that cannot be drained stops it. The node stays " +
    "cordoned, also after Ctrl-C: let it take pods again with `node uncordon`.",
  examples: {
    "k3s-tool node drain pi --dry-run": "show which pods would leave",
    "k3s-tool node drain pi": "empty pi",
    "k3s-tool node drain pi --wait 60": "give up after a minute",
  },
});

/** `node reboot`: reboots machines, one after the other. */
export const nodeRebootCommand = nodeChangeCommand("reboot", {
  summary: "Drain and reboot machines, one after the other",
  description:
    "Drains the node, reboots the machine, waits until it is Ready again and lets it take pods, " +
    "unless it was cordoned before. It stops at the first that cannot be drained or does not come back.",
  examples: {
    "k3s-tool node reboot pi": "ask, then reboot pi",
    "k3s-tool node reboot pi nas --yes": "reboot two machines without asking",
    "k3s-tool node reboot pi --dry-run": "show which pods would leave",
  },
});

/** A command that changes how nodes take pods. */
function nodeChangeCommand(
  change: "cordon" | "uncordon" | "drain" | "reboot",
  said: {
    readonly summary: string;
    readonly description: string;
    readonly examples: Readonly<Record<string, string>>;
  },
) {
  return defineCommand({
    name: `node ${change}`,
    ...said,
    formats: ["table", "wide", "json", "yaml"],
    args: [argument("<nodes...>", "names of nodes or of hosts", { completes: "host" })],
    options: {
      ...CLUSTER_OPTIONS,
      ...(change === "drain" || change === "reboot") && {
        wait: option.number(
          "--wait <seconds>",
          `how long pods may take to leave (default ${WAIT})`,
        ),
      },
      dryRun: option.flag("--dry-run", "show what would change, change nothing"),
    },
    async run(context, { args, options, globals }, output) {
      const { changeNodes } = await import("../../../actions/upkeep/change_nodes.ts");
      const { dryRun } = options;
      const { wait = WAIT } = options as { readonly wait?: number };
      const agree = async (nodes: readonly string[]) => {
        const question = { message: `Drain and reboot ${nodes.join(", ")}?`, flag: "--yes" };
        const agreed = await new Prompter(globals, context).confirm(question);
        if (!agreed) throw interruptedError("Nothing was changed");
      };
      const outcomes = await changeNodes(context, {
        inventory: globals.inventory,
        cluster: clusterChoice(options),
        change,
        names: args,
        dryRun,
        ...change === "reboot" && { agree },
        limitMs: wait * 1000,
      }, (_, sentence) => output.note(sentence));
      if (output.structured) {
        const items = outcomes.map(({ node, status, error }) => ({
          node,
          status,
          message: error?.message ?? null,
        }));
        await output.document("NodeChange", { change, dryRun, items });
      }
      if (context.signal.aborted) throw interruptedError();
      const skipped = outcomes.filter(({ status }) => status === "skipped").map(({ node }) => node);
      if (skipped.length > 0) output.warn(`Not started: ${skipped.join(", ")}.`);
      const { error } = outcomes.find(({ error }) => error !== undefined) ?? {};
      if (error === undefined) return ExitCode.Done;
      if (!output.structured) throw error;
      return error.exitCode;
    },
  });
}
