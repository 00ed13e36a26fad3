/**
 * `deno task bench start`: the bundled program against `kubectl version --client`.
 *
 * @module
 */

import { makeStage, STAGE } from "../../tasks/stage.ts";
import { comparePairs } from "./measure.ts";
import { locateKubectl } from "./kubectl.ts";
import { type ReportLine, reportTable } from "./report.ts";
import { writeInventory } from "./inventory_file.ts";

/** Measures and returns the report. */
export async function benchStart(): Promise<string> {
  await makeStage();
  const kubectl = await locateKubectl();
  const directory = await Deno.makeTempDir();
  try {
    const inventory = `${directory}/hosts.yml`;
    await writeInventory(inventory, { hosts: 100 });
    const tool = [Deno.execPath(), "run", "-A", "--no-config", "--no-lock", `${STAGE}/main.js`];
    const peer = { name: "kubectl", argv: [kubectl, "version", "--client"] };
    const commands = [["version"], ["--help"], ["node", "list", "-i", inventory]];
    const lines: ReportLine[] = [];
    for (const command of commands) {
      const what = `\`${command.slice(0, 2).join(" ").replace(/ -.*/, "")}\``;
      const comparison = await comparePairs(
        { name: what, argv: [...tool, ...command], env: { HOME: directory } },
        peer,
      );
      lines.push({
        what: command[0] === "node" ? `${what} of 100 hosts` : what,
        comparison,
        target: "at most 1.0",
      });
    }
    return reportTable("k3s-tool", "`kubectl version --client`", lines);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}
