import type { Status } from "../../actions/status.ts";
import { ExitCode } from "../../errors/user_error.ts";
import { CLUSTER_OPTIONS, clusterChoice, TIMEOUT_OPTION } from "../cluster_options.ts";
import { defineCommand } from "../command.ts";
import type { Context } from "../context.ts";
import type { Output } from "../output.ts";

/** Time between two looks with `--watch`, in milliseconds. */
const WATCH_MS = 5_000;

/** `status`: how the cluster stands. */
export const statusCommand = defineCommand({
  name: "status",
  summary: "Show the nodes, services and workloads of the cluster",
  description:
    "Shows every node of the inventory and of the cluster: ready or not, unreachable and since " +
    "when, what it has and uses, and whether its Tailscale key ends soon. What cannot be read is " +
    "said, the rest is shown. Exit code 0 where the cluster was asked, however its nodes are; 4 " +
    "where it cannot be reached, 3 where there is no kubeconfig for it.",
  options: {
    watch: {
      kind: "flag",
      flags: "-w, --watch",
      description: "look again every 5 seconds and show what changed",
    },
    ...CLUSTER_OPTIONS,
    timeout: TIMEOUT_OPTION,
  },
  examples: [
    { command: "k3s-tool status", does: "nodes, and what is in trouble" },
    { command: "k3s-tool status -o wide", does: "also services, requests, keys and taints" },
    {
      command: "k3s-tool status -o json | jq -r '.nodes[] | select(.status!=\"Ready\") | .name'",
      does: "nodes that are not ready",
    },
  ],
  async run(context, { options, globals }, output) {
    const { readStatus } = await import("../../actions/status.ts");
    const request = { inventory: globals.inventory, cluster: clusterChoice(options) };
    if (!options.watch) {
      const status = await readStatus(context, request);
      await show(status, { context, output });
      return status.clusterError?.exitCode ?? ExitCode.Done;
    }
    let before = "";
    for (;;) {
      const status = await readStatus(context, request);
      before = await showChange(status, before, { context, output });
      if (!context.stdout.isOpen()) return; // `… | head -1`
      await context.clock.sleep(WATCH_MS, context.signal);
    }
  },
});

interface Show {
  readonly context: Context;
  readonly output: Output;
}

async function show(status: Status, { context, output }: Show): Promise<void> {
  if (output.structured) {
    const { statusDocument } = await import("../../view/status_document.ts");
    await output.document("Status", statusDocument(status));
  } else {
    await showTables(status, { context, output });
  }
  showWords(status, output);
}

async function showTables(status: Status, { context, output }: Show): Promise<void> {
  const { nodeColumns } = await import("../../view/nodes.ts");
  const { SERVICE_COLUMNS, serviceSentence, workloadSentence } = await import(
    "../../view/services.ts"
  );
  await output.list({
    kind: "Status",
    rows: status.nodes,
    columns: nodeColumns(context.clock.now()),
    name: ({ name }) => name,
    empty: "There are no nodes, neither in the inventory nor in the cluster.",
  });
  if (output.format === "name" || status.clusterError !== undefined) return;
  if (output.format === "wide" && status.services !== undefined && status.services.length > 0) {
    const { renderTable } = await import("../../view/table.ts");
    const { paint } = output;
    output.data(`\n${renderTable(SERVICE_COLUMNS, status.services, { wide: true, paint })}`);
  }
  output.data(`\n${serviceSentence(status.services)} ${workloadSentence(status.workloads)}\n`);
}

function showWords(status: Status, output: Output): void {
  for (const gap of status.gaps) output.note(gap);
  if (!status.metrics.known && status.clusterError === undefined) {
    output.note(`Use of CPU and memory is not known: ${status.metrics.reason}.`);
  }
  for (const warning of status.warnings) output.warn(warning);
  if (status.clusterError !== undefined) {
    const { message, hint } = status.clusterError;
    output.warn(
      `The cluster could not be asked: ${message}${hint === undefined ? "" : `. ${hint}`}`,
    );
  }
}

/** Shows a status that differs from the one shown before; ages alone are no difference. */
async function showChange(status: Status, before: string, where: Show): Promise<string> {
  const { context, output } = where;
  const { statusDocument } = await import("../../view/status_document.ts");
  const document = statusDocument(status);
  const after = JSON.stringify(document);
  if (output.format === "json") {
    if (after !== before) output.event("Status", document);
  } else if (context.stdout.isTerminal) {
    output.data("\u001b[H\u001b[J"); // home, clear to the end
    await show(status, where);
  } else if (after !== before) {
    await show(status, where);
  }
  return after;
}
