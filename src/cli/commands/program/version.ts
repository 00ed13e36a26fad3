import metadata from "../../../../deno.json" with { type: "json" };
import { defineCommand } from "../../program/command.ts";

/** `version`: the version of the tool. */
export const versionCommand = defineCommand({
  name: "version",
  summary: "Show the version of k3s-tool",
  formats: ["table", "json", "yaml", "name"],
  examples: {
    "k3s-tool version": "show version and platform",
    "k3s-tool version -o json | jq -r .version": "print only the version, for scripts",
  },
  async run(_context, _input, output) {
    const { version } = metadata;
    const platform = `${Deno.build.os}/${Deno.build.arch}`;
    if (output.structured) {
      await output.document("Version", { version, deno: Deno.version.deno, platform });
    } else {
      output.data(`k3s-tool ${version} (deno ${Deno.version.deno}, ${platform})\n`);
    }
  },
});
