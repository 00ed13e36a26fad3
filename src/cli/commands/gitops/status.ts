import { CLUSTER_OPTIONS, clusterChoice } from "../../program/options.ts";
import { defineCommand } from "../../program/command.ts";

/** `gitops status`: the state of what Flux deploys from Git. */
export const gitopsStatusCommand = defineCommand({
  name: "gitops status",
  summary: "Show what Flux fetches and applies, and any failures",
  description: "Shows each source and each Kustomization (one for every app): ready or not, the " +
    "revision, and when it was last fetched or applied. Failures show Flux's full message, which " +
    "names the object and the file. Exit code 0 if the cluster answered, even with failures; 3 if " +
    "Flux is not installed, 4 if the cluster cannot be reached. `gitops sync` exits with 1 if " +
    "something failed.",
  options: CLUSTER_OPTIONS,
  examples: {
    "k3s-tool gitops status": "show sources, apps and failures",
    "k3s-tool gitops status -o wide": "also show namespaces, branches and messages",
    "k3s-tool gitops status -o json | jq -r '.items[] | select(.state==\"failed\") | .message'":
      "print Flux's messages for failures",
  },
  async run(context, { options, globals }, output) {
    const { readGitopsStatus } = await import("../../../actions/gitops/status.ts");
    const { failureLines, fluxColumns, fluxItem, fluxSentence } = await import(
      "../../../view/tables/flux.ts"
    );
    const status = await readGitopsStatus(context, {
      inventory: globals.inventory,
      cluster: clusterChoice(options),
    });
    const { objects, gaps, warnings } = status;
    await output.list({
      kind: "GitopsStatus",
      rows: objects,
      columns: fluxColumns(context.clock.now()),
      name: ({ kind, namespace, name }) => `${kind}/${namespace}/${name}`,
      item: fluxItem,
      extra: { cluster: status.clusterName ?? null, server: status.server, gaps, warnings },
      empty: "Flux is installed, but does not sync from a repository yet.",
    });
    if (!output.structured && output.format !== "name" && objects.length > 0) {
      const failures = failureLines(objects, output.paint);
      output.data(`\n${[...failures, fluxSentence(objects)].join("\n")}\n`);
    }
    for (const gap of gaps) output.note(gap);
    for (const warning of warnings) output.warn(warning);
  },
});
