import { ExitCode, usageError } from "../../../errors/user_error.ts";
import { CLUSTER_OPTIONS, clusterChoice } from "../../program/options.ts";
import { argument, defineCommand, option } from "../../program/command.ts";

/** `status`: the state of the cluster. */
export const statusCommand = defineCommand({
  name: "status",
  summary: "Show the nodes, services and workloads of the cluster",
  description:
    "Shows every node of the inventory and of the cluster: whether it is ready, or since when it " +
    "is unreachable, its capacity and usage, and whether its Tailscale key expires soon. If " +
    "something cannot be read, it says so and shows the rest. With --watch it keeps running and " +
    "shows changes; while the cluster is unreachable, it shows the last known state and its age. " +
    "Exit code 0 if the cluster answered, even if nodes are not ready; 4 if it cannot be reached, " +
    "3 if there is no kubeconfig for it. With --check it prints only what is wrong or soon will be, " +
    "one problem per line, and the exit code is 1 if there is any.",
  args: [argument("[node...]", "show only these nodes; names from the inventory or the cluster")],
  options: {
    watch: option.flag("-w, --watch", "keep running and show changes as they happen"),
    check: option.flag("--check", "print only problems; exit code 1 if there are any"),
    ...CLUSTER_OPTIONS,
  },
  examples: {
    "k3s-tool status": "show nodes and problems",
    "k3s-tool status n1 n2": "show only two nodes",
    "k3s-tool status -o wide": "also show services, requests, keys and taints",
    "k3s-tool status --check || echo look": "print problems only, for a script or a timer",
    "k3s-tool status --watch": "keep running and show changes",
    "k3s-tool status -o json | jq -r '.nodes[] | select(.status!=\"Ready\") | .name'":
      "list nodes that are not ready",
  },
  async run(context, { args, options, globals }, output) {
    const request = {
      inventory: globals.inventory,
      cluster: clusterChoice(options),
      names: args,
    };
    if (options.watch && options.check) {
      throw usageError("--watch and --check exclude each other");
    }
    if (options.watch) {
      const { watchStatus } = await import("../../watch/status_watch.ts");
      return await watchStatus(context, { request, output });
    }
    const { readStatus } = await import("../../../live/read_status.ts");
    const { statusOf } = await import("../../../view/tables/status.ts");
    const { newMemo } = await import("../../../view/lists/live_rows.ts");
    const live = await readStatus(context, request);
    const view = { live, now: context.clock.now(), memo: newMemo() };
    const status = statusOf(view, request.names);
    const { showProblems, showStatus, showWords } = await import("../../watch/status_log.ts");
    const { connection } = live;
    if (options.check) {
      const count = await showProblems(status, output);
      if (connection.state === "live") return count > 0 ? ExitCode.Failed : ExitCode.Done;
    } else {
      await showStatus(status, output);
      showWords(status, output);
    }
    return connection.state === "live" ? ExitCode.Done : connection.problem?.exitCode;
  },
});
