import { argument, defineCommand } from "../../program/command.ts";

/** `assets list`: what is embedded. */
export const assetsListCommand = defineCommand({
  name: "assets list",
  aliases: ["assets ls"],
  summary: "List the embedded playbooks, roles, templates and examples",
  args: [argument("[path...]", "only files under these paths")],
  examples: {
    "k3s-tool assets list": "list all embedded files with their sizes",
    "k3s-tool assets list ansible/roles -o name": "list the paths of the roles",
  },
  async run(context, { args }, output) {
    const { readAssets } = await import("../../../assets/extract.ts");
    const { matches } = await import("../../../assets/eject.ts");
    const assets = await readAssets(context.assets);
    await output.list({
      kind: "AssetList",
      rows: assets.filter(({ path }) => matches(path, args)),
      columns: [
        { header: "PATH", cell: ({ path }) => path },
        { header: "BYTES", align: "right", cell: ({ content }) => String(content.length) },
      ],
      item: ({ path, content }) => ({ path, bytes: content.length }),
      name: ({ path }) => path,
      empty: `No embedded file matches ${args.join(", ")}.`,
    });
  },
});
