import { argument, defineCommand } from "../../program/command.ts";

const RUN = argument("[run]", "name of a run or the beginning of it (default: the newest)");

/** `runs list`: what was done to hosts from here. */
export const runsListCommand = defineCommand({
  name: "runs list",
  aliases: ["runs ls"],
  summary: "List the latest runs on your machines",
  description: "The newest 20 runs are kept on this machine, and the newest 5 with --check.",
  examples: {
    "k3s-tool runs list": "list when each was started and how it ended",
    "k3s-tool runs list -o name": "list only names, newest first",
  },
  async run(context, _, output) {
    const { listRuns } = await import("../../../actions/upkeep/past_runs.ts");
    const { runColumns, runItem } = await import("../../../view/tables/past_runs.ts");
    await output.list({
      kind: "RunList",
      rows: await listRuns(context),
      columns: runColumns(context.clock.now()),
      name: ({ name }) => name,
      item: runItem,
      empty: "No run has been kept on this machine yet.",
    });
  },
});

/** `runs show`: a run once more. */
export const runsShowCommand = defineCommand({
  name: "runs show",
  aliases: ["runs describe"],
  summary: "Show what a run did on each host and why it failed",
  args: [RUN],
  formats: ["table", "wide", "json"],
  examples: {
    "k3s-tool runs show": "show the newest run",
    "k3s-tool runs show 20261123T07": "show the run that began then",
    "k3s-tool runs show -o json": "print its events, one per line",
  },
  async run(context, { args: [name], globals }, output) {
    const { findRun, replay } = await import("../../../actions/upkeep/past_runs.ts");
    const { watchRun } = await import("../../output/progress.ts");
    const run = await findRun(context, name);
    const state = await watchRun(replay(run), { context, output, globals });
    if (state.outcome === undefined) output.warn(`${run.name} has not ended.`);
  },
});

/** `runs log`: what ansible-playbook printed. */
export const runsLogCommand = defineCommand({
  name: "runs log",
  aliases: ["runs logs"],
  summary: "Print what ansible-playbook printed in a run",
  args: [RUN],
  formats: ["table"],
  examples: {
    "k3s-tool runs log": "print the log of the newest run",
    "k3s-tool runs log | less": "read it page by page",
  },
  async run(context, { args: [name] }, output) {
    const { findRun } = await import("../../../actions/upkeep/past_runs.ts");
    const { ifThere } = await import("../../../process/small_file.ts");
    const { safeLines } = await import("../../../errors/safe_text.ts");
    const { log } = await findRun(context, name);
    output.data(safeLines(await ifThere(Deno.readTextFile(log)) ?? ""));
  },
});
