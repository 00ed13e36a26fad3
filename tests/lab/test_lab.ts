/**
 * `deno task test:lab`: builds the lab where needed, then runs the scenarios one after another, each on
 * hosts of its own, and ends what it started.
 *
 * @module
 */

import { runToEnd } from "../../tasks/run_to_end.ts";
import { makeStage, ROOT } from "../../tasks/stage.ts";
import { ansibleOnPath } from "./ansible.ts";
import { buildAll } from "./build/build.ts";
import { down } from "./lab.ts";

const scenarios = Deno.args.length > 0 ? Deno.args : ["tests/lab/"];

try {
  await buildAll();
  await ansibleOnPath();
  await makeStage();
  await down(); // an earlier run that was cut short
  await runToEnd([Deno.execPath(), "test", "-A", "--quiet", ...scenarios], { cwd: ROOT });
} finally {
  await down();
}
