import { ExitCode } from "../../../errors/user_error.ts";
import { CLUSTER_OPTIONS, clusterChoice, TIMEOUT_OPTION } from "../../program/options.ts";
import { defineCommand } from "../../program/command.ts";

/** `status`: how the cluster stands. */
export const statusCommand = defineCommand({
  name: "status",
  summary: "Show the nodes, services and workloads of the cluster",
  description:
    "Shows every node of the inventory and of the cluster: ready or not, unreachable and since " +
    "when, what it has and uses, and whether its Tailscale key ends soon. What cannot be read is " +
    "said, the rest is shown. With --watch it stays and follows the cluster as the live screen " +
    "does: while the cluster is away what was known last stays, with its age. Exit code 0 where the cluster was asked, however its nodes are; 4 " +
    "where it cannot be reached, 3 where there is no kubeconfig for it.",
  args: [{
    syntax: "[node...]",
    description: "only these nodes, by their names in the inventory or in the cluster",
  }],
  options: {
    watch: {
      kind: "flag",
      flags: "-w, --watch",
      description: "stay, and show what changes as it happens",
    },
    ...CLUSTER_OPTIONS,
    timeout: TIMEOUT_OPTION,
  },
  examples: [
    { command: "k3s-tool status", does: "nodes, and what is in trouble" },
    { command: "k3s-tool status n1 n2", does: "two nodes alone" },
    { command: "k3s-tool status -o wide", does: "also services, requests, keys and taints" },
    { command: "k3s-tool status --watch", does: "the same, and what changes" },
    {
      command: "k3s-tool status -o json | jq -r '.nodes[] | select(.status!=\"Ready\") | .name'",
      does: "nodes that are not ready",
    },
  ],
  async run(context, { args, options, globals }, output) {
    const request = {
      inventory: globals.inventory,
      cluster: clusterChoice(options),
      names: args,
    };
    if (options.watch) {
      const { watchStatus } = await import("../../watch/status_watch.ts");
      return await watchStatus(context, { request, output });
    }
    const { readStatus } = await import("../../../live/read_status.ts");
    const { statusOf } = await import("../../../view/tables/status.ts");
    const state = await readStatus(context, request);
    const now = context.clock.now();
    const status = statusOf(state, now, request.names);
    const { showStatus, showWords } = await import("../../watch/status_output.ts");
    await showStatus(status, { now, output });
    await showWords(status, output);
    const { connection } = status;
    return connection.state === "live" ? ExitCode.Done : connection.problem?.exitCode;
  },
});
