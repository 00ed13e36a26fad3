import { ExitCode } from "../../../errors/user_error.ts";
import type { Tell } from "../../../actions/gitops/sync.ts";
import { CLUSTER_OPTIONS, clusterChoice } from "../../program/options.ts";
import { defineCommand, option } from "../../program/command.ts";

/** Default time to wait, in seconds. */
const TIMEOUT = 300;

/** `gitops sync`: syncs now. */
export const gitopsSyncCommand = defineCommand({
  name: "gitops sync",
  summary: "Sync from the repository now and wait for the result",
  description:
    "Makes Flux fetch and apply the repository now instead of at the next interval, and " +
    "waits until everything in it is applied or has failed. Exit code 0 if everything is applied, " +
    "1 if something failed or the timeout expired.",
  formats: ["table", "wide", "json", "yaml"],
  options: {
    ...CLUSTER_OPTIONS,
    timeout: option.number("--timeout <seconds>", `how long to wait (default ${TIMEOUT})`),
  },
  examples: {
    "git push && k3s-tool gitops sync": "deploy what you pushed",
    "k3s-tool gitops sync --timeout 30": "wait at most 30 seconds",
  },
  async run(context, { options, globals }, output) {
    const { syncGitops } = await import("../../../actions/gitops/sync.ts");
    const { failureLines, fluxItem, fluxName } = await import("../../../view/tables/flux.ts");
    const { shortRevision } = await import("../../../gitops/flux/flux_status.ts");
    const tell: Tell = (object, what) => {
      if (what === "removed") return output.note(`${fluxName(object)}: removed`);
      const { revision = "", state, message } = object;
      const words = state === "progressing" ? message : shortRevision(revision);
      output.note(`${fluxName(object)}: ${[state, words].filter(Boolean).join(", ")}`);
    };
    const { timeout: _, ...cluster } = options;
    const done = await syncGitops(context, {
      inventory: globals.inventory,
      cluster: clusterChoice({ ...cluster, timeout: undefined }),
      timeoutMs: (options.timeout ?? TIMEOUT) * 1000,
    }, tell);
    const { objects, revision, finished, server } = done;
    if (output.structured) {
      const items = objects.map(fluxItem);
      await output.document("GitopsSync", { server, revision: revision ?? null, finished, items });
    } else {
      for (const line of failureLines(objects, output.paint)) output.data(`${line}\n`);
    }
    for (const object of objects.filter(({ state }) => state === "suspended")) {
      output.warn(
        `${fluxName(object)} is suspended and was not synced; resume it with: flux resume`,
      );
    }
    const failed = objects.some(({ state }) => state === "failed");
    if (!finished) {
      output.warn("The sync is not finished yet. Check again with: k3s-tool gitops status");
    } else if (!failed) {
      output.note(
        `The cluster is at ${revision === undefined ? "no revision" : shortRevision(revision)}.`,
      );
    }
    return failed || !finished ? ExitCode.Failed : ExitCode.Done;
  },
});
