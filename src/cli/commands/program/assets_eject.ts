import { argument, defineCommand, option } from "../../program/command.ts";

/** `assets eject`: copy embedded files out. */
export const assetsEjectCommand = defineCommand({
  name: "assets eject",
  summary: "Copy embedded files to a directory, to read or change them",
  description:
    "Copies embedded files to a directory. Existing files that differ are overwritten only " +
    "with --force.",
  args: [
    argument("<directory>", "target directory", { completes: "file" }),
    argument("[path...]", "only files under these paths"),
  ],
  options: {
    force: option.flag("--force", "overwrite files that differ"),
    dryRun: option.flag("--dry-run", "show what would be written"),
  },
  examples: {
    "k3s-tool assets eject ./k3s-tool-assets": "copy all files",
    "k3s-tool assets eject . ansible/roles/k3s_worker":
      "copy one role to ./ansible/roles/k3s_worker",
  },
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
