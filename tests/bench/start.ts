/**
 * `deno task bench start`: the bundled program, run as the npm package runs it, against
 * `kubectl version --client`.
 *
 * @module
 */

import { makeStage, RUN_FLAGS, STAGE } from "../../tasks/stage.ts";
import { writeInventory } from "./inventory_file.ts";
import { buildKubectl } from "./kubectl.ts";
import { comparePairs, timeOnce } from "./measure.ts";
import { type ReportLine, reportTable } from "./report.ts";

const RUNS = 25;

/** Measures and returns the report. */
export async function benchStart(): Promise<string> {
  await makeStage();
  const kubectl = await buildKubectl();
  const directory = await Deno.makeTempDir();
  try {
    const inventory = `${directory}/hosts.yml`;
    await writeInventory(inventory, { hosts: 100 });
    const peer = { name: "kubectl", argv: [kubectl, "version", "--client"] };
    const commands: readonly (readonly [what: string, argv: readonly string[], atMost: string])[] =
      [
        ["`version`", ["version"], "1.0"],
        ["`--help`", ["--help"], "1.0"],
        ["`node list` of 100 hosts", ["node", "list", "-i", inventory], "2.0"],
      ];
    const lines: ReportLine[] = [];
    for (const [what, command, atMost] of commands) {
      const argv = [Deno.execPath(), ...RUN_FLAGS, `${STAGE}/main.js`, ...command];
      const comparisons = await comparePairs(
        () => timeOnce({ name: what, argv, env: { HOME: directory } }),
        () => timeOnce(peer),
        { runs: RUNS },
      );
      lines.push({ what, comparisons, target: `at most ${atMost}` });
    }
    return reportTable("k3s-tool", "`kubectl version --client`", lines);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}
