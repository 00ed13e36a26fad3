/**
 * The peer of `bench inventory`: ruamel.yaml from PyPI, in a virtual environment of the benchmarks' own.
 *
 * @module
 */

import { runToEnd } from "../../tasks/run_to_end.ts";
import { ROOT } from "../../tasks/stage.ts";

const VERSION = "0.18.15";

/** A Python that has ruamel.yaml. */
export async function ruamelPython(): Promise<string> {
  const cache = Deno.env.get("XDG_CACHE_HOME") || `${Deno.env.get("HOME")}/.cache`;
  const directory = `${cache}/k3s-tool-lab/bench/ruamel-${VERSION}`;
  const python = `${directory}/bin/python3`;
  const probe = await new Deno.Command("sh", {
    args: ["-c", '"$0" -c "import ruamel.yaml"', python],
    stderr: "null",
  }).output();
  if (!probe.success) {
    await runToEnd(["python3", "-m", "venv", directory], { cwd: ROOT });
    await runToEnd([`${directory}/bin/pip`, "install", "-q", `ruamel.yaml==${VERSION}`], {
      cwd: ROOT,
    });
  }
  return python;
}
