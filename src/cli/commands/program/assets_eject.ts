import { defineCommand } from "../../program/command.ts";

/** `assets eject`: copy embedded files out. */
export const assetsEjectCommand = defineCommand({
  name: "assets eject",
  summary: "Copy embedded files into a directory, to read or change them",
  description:
    "Copies embedded files into a directory. A file that is there with other content is never " +
    "overwritten without --force.",
  args: [
    { syntax: "<directory>", description: "where to", completes: "file" },
    { syntax: "[path...]", description: "only files at or below these paths" },
  ],
  options: {
    force: { kind: "flag", flags: "--force", description: "overwrite files that differ" },
    dryRun: { kind: "flag", flags: "--dry-run", description: "only say what would be written" },
  },
  examples: [
    { command: "k3s-tool assets eject ./k3s-tool-assets", does: "everything" },
    {
      command: "k3s-tool assets eject . ansible/roles/k3s_worker",
      does: "one role, into ./ansible/roles/k3s_worker",
    },
  ],
  async run(context, { args, options }, output) {
    const { ejectAssets } = await import("../../../assets/eject.ts");
    const [directory = ".", ...prefixes] = args;
    const into = directory.startsWith("/") ? directory : `${context.cwd}/${directory}`;
    const files = await ejectAssets(context.assets, { into, prefixes, ...options });
    await output.list({
      kind: "EjectedFileList",
      rows: files,
      columns: [
        { header: "CHANGE", cell: ({ change }) => change },
        { header: "PATH", cell: ({ path }) => path },
      ],
      name: ({ path }) => path,
      empty: "",
    });
    if (options.dryRun) output.note("Dry run: nothing was written.");
  },
});
